-- register: a new profile and its sealed person, under an id of the caller's.
-- KEYS m   ARGV id, digest, schema, doc, person ('' = none), vec, model
-- The same id with the same digest answers as the first time; with another digest: key_reused.
operation('register', function(m, a)
  local id, digest = a[1], a[2]
  local known = redis.call('HMGET', m .. 'profile:' .. id, 'digest', 'v')
  if known[1] then
    if known[1] ~= digest then return refuse('key_reused') end
    return { ok = true, v = tonumber(known[2]), replay = true }
  end
  redis.call('HSET', m .. 'profile:' .. id, 'digest', digest, 'first_digest', digest, 'schema', a[3], 'doc', a[4],
    'vec', a[6], 'model', a[7], 'v', 1, 'presence', 'away', 'presence_until_ms', 0, 'paused', 0,
    'last_work_ms', 0, 'done', 0, 'no_shows', 0, 'releases', 0)
  if a[5] ~= '' then redis.call('SET', m .. 'person:' .. id, a[5]) end
  redis.call('SADD', m .. 'ids:profile', id)
  add_event(m, 'profile.registered', id, 1)
  return { ok = true, v = 1, replay = false }
end)
