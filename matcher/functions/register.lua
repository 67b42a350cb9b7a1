-- register: a new profile and its sealed person, under an id of the caller's.
-- KEYS m   ARGV id, digest, schema, doc, vec, model, person ('' = none), person_mark ('' = not compared),
--          marks ('' = none), apart (ids known to be other people), listed ('1': a list says so, not the person)
-- The same id with the same document and person answers as the first time; with another one: key_reused.
-- Whoever was erased is refused where only a list names them: erased.
-- Somebody else registered under one of the marks: known_twin, with their ids.
-- A sealed person is other bytes each time: what is compared is the mark, a keyed hash of what was sealed.
local function same_person(known_mark, person, mark)
  return person == '' or mark == '' or known_mark == mark
end

operation('register', function(m, a, now)
  local id, digest, person, mark = a[1], a[2], a[7], a[8]
  local known = redis.call('HMGET', m .. 'profile:' .. id, 'digest', 'v', 'person_mark')
  if known[1] then
    if known[1] ~= digest or not same_person(known[3], person, mark) then return refuse('key_reused') end
    return { ok = true, v = tonumber(known[2]), replay = true }
  end
  local marks = a[9] or ''
  if a[11] == '1' and was_erased(m, marks) then return refuse('erased') end
  local twins = known_twins(m, 'profile', id, marks, a[10])
  if twins then return refuse('known_twin', twins) end
  redis.call('HSET', m .. 'profile:' .. id, 'digest', digest, 'schema', a[3], 'doc', a[4], 'vec', a[5], 'model', a[6],
    'person_mark', mark, 'v', 1, 'presence', 'away', 'presence_until_ms', 0, 'paused', 0, 'last_work_ms', 0, 'done', 0,
    'no_shows', 0, 'releases', 0, 'marks', marks, 'seen_ms', now)
  claim_marks(m, 'profile', id, marks)
  forget_erased(m, marks)
  if person ~= '' then redis.call('SET', m .. 'person:' .. id, person) end
  redis.call('SADD', m .. 'ids:profile', id)
  add_event(m, 'profile.registered', id, 1)
  return { ok = true, v = 1, replay = false }
end)
