-- rotate_session: a log-in goes on under another token and ends when it would have; the old token ends soon, since the
-- answer with the new one may be lost. One that has ended meanwhile stays so: bad_token.
-- KEYS m   ARGV hash of the old token, of the new one, how long the old one lasts (ms)
operation('rotate_session', function(m, a)
  local old, now, s = m .. 'session:' .. a[1], wall_ms(), { login = a[1] }
  local found = redis.call('HGETALL', old)
  if #found == 0 then return refuse('bad_token') end
  for i = 1, #found, 2 do s[found[i]] = found[i + 1] end
  local idle_ms = s.rotated_idle_ms or s.idle_ms -- again, after a lost answer
  s.expires_ms, s.idle_ms, s.rotated_idle_ms = tonumber(s.expires_ms), tonumber(idle_ms), nil
  begin_session(m, a[2], s, now)
  redis.call('HSET', old, 'idle_ms', 0, 'rotated_idle_ms', idle_ms) -- using it does not prolong it
  redis.call('PEXPIREAT', old, now + a[3], 'LT')
  return { ok = true, replay = false }
end)
