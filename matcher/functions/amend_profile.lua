-- amend_profile: a new document for a profile that exists.
-- KEYS m   ARGV id, expected_v (0 = any), digest, schema, doc, vec, model
-- The same document again changes nothing and writes no event.
operation('amend_profile', function(m, a)
  local id = a[1]
  local known = redis.call('HMGET', m .. 'profile:' .. id, 'digest', 'v')
  if not known[2] then return refuse('no_profile') end
  if known[1] == a[3] then return { ok = true, v = tonumber(known[2]), replay = true } end
  if tonumber(a[2]) ~= 0 and a[2] ~= known[2] then return refuse('stale_version') end
  change_profile(m, id, 'profile.amended', 'digest', a[3], 'schema', a[4], 'doc', a[5], 'vec', a[6], 'model', a[7])
  return { ok = true, v = tonumber(known[2]) + 1, replay = false }
end)
