-- rewrap: the same content sealed under another version of the master key, unless it was changed or erased in the
-- meantime. Nobody is told: to every reader the record is the same.
-- KEYS m   ARGV kind, id, field ('' = the key is a string), old, new (sealed)
operation('rewrap', function(m, a)
  local key, field = m .. a[1] .. ':' .. a[2], a[3]
  local is = field == '' and redis.call('GET', key) or field ~= '' and redis.call('HGET', key, field)
  if is ~= a[4] then return { ok = true, v = 0, replay = true } end
  if field == '' then
    redis.call('SET', key, a[5], 'KEEPTTL')
  else
    redis.call('HSET', key, field, a[5])
  end
  return { ok = true, v = 0, replay = false }
end)
