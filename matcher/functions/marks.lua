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

local function holders(m, marks) -- for each mark the ids of the records that have it
  if #marks == 0 then return {} end
  local found = redis.call('HMGET', m .. 'marks', unpack(marks))
  for i = 1, #marks do found[i] = words_of(found[i]) end
  return found
end

local function telling(marks) -- those that tell who it is: a telephone (t:) finds people, but a family may share it
  local told = {}
  for _, mark in ipairs(marks) do
    if string.sub(mark, 1, 2) ~= 't:' then told[#told + 1] = mark end
  end
  return told
end

local function known_twins(m, kind, id, marks, apart) -- living records, other than `id` and those in `apart`, with a mark
  local passed, twins = { [id] = true }, {}
  for _, other in ipairs(words_of(apart)) do passed[other] = true end
  for _, ids in ipairs(holders(m, telling(words_of(marks)))) do
    for _, other in ipairs(ids) do
      if not passed[other] and is_living(m, kind, other) then twins[#twins + 1] = other end
      passed[other] = true
    end
  end
  return #twins > 0 and table.concat(twins, ' ') or nil
end

local function claim_marks(m, kind, id, marks)
  local words, row = words_of(marks), {}
  for i, ids in ipairs(holders(m, words)) do
    local kept = {}
    for _, other in ipairs(ids) do
      if other ~= id and is_living(m, kind, other) then kept[#kept + 1] = other end
    end
    kept[#kept + 1] = id
    row[#row + 1] = words[i]
    row[#row + 1] = table.concat(kept, ' ')
  end
  if #row > 0 then redis.call('HSET', m .. 'marks', unpack(row)) end
end

-- Who was erased is not brought back by a list that still names them: their marks are remembered, and only they, or
-- staff for them, take that back by registering.
--   m erased_marks   zset   mark -> when it was erased; forgotten a year later (server/retention.py)
local function remember_erased(m, marks, now)
  for _, mark in ipairs(telling(words_of(marks))) do
    redis.call('ZADD', m .. 'erased_marks', now, mark)
  end
end

local function was_erased(m, marks)
  for _, mark in ipairs(telling(words_of(marks))) do
    if redis.call('ZSCORE', m .. 'erased_marks', mark) then return true end
  end
  return false
end

local function forget_erased(m, marks)
  for _, mark in ipairs(telling(words_of(marks))) do redis.call('ZREM', m .. 'erased_marks', mark) end
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
