-- change_account: an account of a clerk or manager begins, changes or ends, and its sessions end with that.
-- KEYS m   ARGV name, 'begin' | 'change' (there must be one: no_account) | 'end', fields and values ...
--          -> done: 1 where there was one
operation('change_account', function(m, a)
  local key, ids = m .. 'staff:' .. a[1], m .. 'ids:staff'
  local was = redis.call('EXISTS', key)
  if a[2] == 'change' and was == 0 then return refuse('no_account') end
  if a[2] == 'end' then
    redis.call('DEL', key)
    redis.call('SREM', ids, a[1])
  else
    set_values(key, { unpack(a, 3) })
    redis.call('SADD', ids, a[1])
  end
  for _, role in ipairs({ 'clerk', 'manager' }) do operations.end_sessions(m, { role .. ':' .. a[1] }) end
  return { ok = true, done = was, replay = false }
end)

-- confirm_account: a pending authenticator has shown a right code: it counts from now on, unless the account has changed.
-- KEYS m   ARGV name, stamp
operation('confirm_account', function(m, a)
  local key = m .. 'staff:' .. a[1]
  local known = redis.call('HMGET', key, 'stamp', 'pending')
  if (known[1] or '') ~= a[2] or (known[2] or '') == '' then return refuse('bad_login') end
  redis.call('HSET', key, 'secret', known[2], 'pending', '', 'pending_until_ms', 0)
  return { ok = true, replay = false }
end)
