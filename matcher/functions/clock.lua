-- The one clock: the store's own. Tests load the library with another file in this place.
local function now_ms(_) -- takes the market prefix; the test clock needs it
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
