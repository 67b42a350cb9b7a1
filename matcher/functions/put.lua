-- put: writes a plain record (site, employer) as a whole.
-- KEYS m   ARGV kind, id, expected_v (0 = any, -1 = must be new), digest, schema, doc, verified (0 or 1),
--   sealed contact (employers)
-- The same document again changes nothing and writes no event.
operation('put', function(m, a)
  local kind, id, expected = a[1], a[2], tonumber(a[3])
  local known = redis.call('HMGET', m .. kind .. ':' .. id, 'digest', 'v')
  local v = tonumber(known[2]) or 0
  if known[1] == a[4] then return { ok = true, v = v, replay = true } end
  if expected == -1 and v > 0 then return refuse('key_reused') end
  if expected > 0 and expected ~= v then return refuse('stale_version') end
  redis.call('HSET', m .. kind .. ':' .. id, 'digest', a[4], 'schema', a[5], 'doc', a[6], 'verified', a[7], 'v', v + 1)
  if a[8] then redis.call('HSET', m .. kind .. ':' .. id, 'contact', a[8]) end
  redis.call('SADD', m .. 'ids:' .. kind, id)
  add_event(m, kind .. '.put', id, v + 1)
  return { ok = true, v = v + 1, replay = false }
end)
