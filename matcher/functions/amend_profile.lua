-- amend_profile: a new document, and perhaps a new sealed person, for a profile that exists.
-- KEYS m   ARGV id, expected_v (0 = any), digest, schema, doc, vec, model, person ('' = as it is), person_mark,
--          marks ('' = as they are)
-- The same document and person again change nothing and write no event.
operation('amend_profile', function(m, a, now)
  local id, person, mark = a[1], a[8], a[9]
  local known = redis.call('HMGET', m .. 'profile:' .. id, 'digest', 'v', 'person_mark', 'marks')
  if not known[2] then return refuse('no_profile') end
  local same = same_person(known[3], person, mark)
  if known[1] == a[3] and same then return { ok = true, v = tonumber(known[2]), replay = true } end
  if tonumber(a[2]) ~= 0 and a[2] ~= known[2] then return refuse('stale_version') end
  if not same then
    redis.call('SET', m .. 'person:' .. id, person)
    redis.call('HSET', m .. 'profile:' .. id, 'person_mark', mark)
  end
  if a[10] and a[10] ~= '' and a[10] ~= known[4] then
    release_marks(m, id, known[4])
    redis.call('HSET', m .. 'profile:' .. id, 'marks', a[10])
    claim_marks(m, 'profile', id, a[10])
  end
  change_profile(m, id, 'profile.amended', 'digest', a[3], 'schema', a[4], 'doc', a[5], 'vec', a[6], 'model', a[7],
    'seen_ms', now)
  return { ok = true, v = tonumber(known[2]) + 1, replay = false }
end)
