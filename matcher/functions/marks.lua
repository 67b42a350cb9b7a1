-- Marks: keyed or plain fingerprints by which the same person or the same shift is found again, under whatever id.
--   m marks   hash   mark -> ids of the records that have it, joined by blanks
-- A record keeps its own marks in its field `marks`, joined by blanks, so that they can be taken back.
local TAKEN_BACK = { closed = true, withdrawn = true, expired = true } -- such a posting is no twin of a new one

local function is_living(m, kind, id)
  if kind == 'posting' then
    local state = redis.call('HGET', m .. 'posting:' .. id, 'state')
    return state and not TAKEN_BACK[state]
  end
  return redis.call('EXISTS', m .. kind .. ':' .. id) == 1
end

local function words_of(text)
  local found = {}
  for word in string.gmatch(text or '', '%S+') do found[#found + 1] = word end
  return found
end

local function known_twins(m, kind, id, marks, apart) -- living records, other than `id` and those in `apart`, with a mark
  local passed, twins = { [id] = true }, {}
  for _, other in ipairs(words_of(apart)) do passed[other] = true end
  for _, mark in ipairs(words_of(marks)) do
    local finds_only = string.sub(mark, 1, 2) == 't:' -- a telephone: a family may share it
    for _, other in ipairs(finds_only and {} or words_of(redis.call('HGET', m .. 'marks', mark))) do
      if not passed[other] and is_living(m, kind, other) then twins[#twins + 1] = other end
      passed[other] = true
    end
  end
  return #twins > 0 and table.concat(twins, ' ') or nil
end

local function claim_marks(m, kind, id, marks)
  for _, mark in ipairs(words_of(marks)) do
    local known = redis.call('HGET', m .. 'marks', mark)
    local ids = { id }
    for _, other in ipairs(words_of(known or '')) do
      if other ~= id and is_living(m, kind, other) then table.insert(ids, #ids, other) end
    end
    redis.call('HSET', m .. 'marks', mark, table.concat(ids, ' '))
  end
end

local function release_marks(m, id, marks)
  for _, mark in ipairs(words_of(marks)) do
    local left = {}
    for _, other in ipairs(words_of(redis.call('HGET', m .. 'marks', mark) or '')) do
      if other ~= id then left[#left + 1] = other end
    end
    if #left > 0 then
      redis.call('HSET', m .. 'marks', mark, table.concat(left, ' '))
    else
      redis.call('HDEL', m .. 'marks', mark)
    end
  end
end
