-- call_number: a queue number of a site is called; without one, the number after the highest that was called today.
-- KEYS m   ARGV site, day, queue_no ('' = the next)
local NUMBERS_SHOWN = 4
local CALLED_KEPT_S = 24 * 3600

operation('call_number', function(m, a, now)
  local site, day = a[1], a[2]
  local given = tonumber(redis.call('GET', m .. 'queue_no:' .. site .. ':' .. day)) or 0
  local key = m .. 'called:' .. site
  local held = redis.call('HMGET', key, 'day', 'highest', 'recent')
  local highest = held[1] == day and tonumber(held[2]) or 0
  local number = tonumber(a[3]) or highest + 1
  if number > given then return refuse('no_number') end
  local recent = { { number, now } }
  for _, each in ipairs(held[1] == day and cmsgpack.unpack(held[3]) or {}) do
    if each[1] ~= number and #recent < NUMBERS_SHOWN then recent[#recent + 1] = each end
  end
  redis.call('HSET', key, 'day', day, 'highest', math.max(highest, number), 'recent', cmsgpack.pack(recent))
  redis.call('EXPIRE', key, CALLED_KEPT_S)
  add_event(m, 'site.called', site, number)
  return { ok = true, v = number, replay = false }
end)
