-- open_session: a log-in begins while what it rests on is still so: whoever was removed since they proved who they are
-- gets none.
-- KEYS m   ARGV hash of the token, role, subject, site, scopes, most_ms, idle_ms,
--          then what must be so: command, key, argument, answer ('' = nothing there) ...
local function wall_ms() -- keys expire by it, whatever clock the operations go by
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function begin_session(m, hash, s, now)
  local key, all_of = m .. 'session:' .. hash, m .. 'sessions_of:' .. s.role .. ':' .. s.subject
  for name, value in pairs(s) do redis.call('HSET', key, name, value) end
  redis.call('PEXPIREAT', key, math.min(s.expires_ms, now + s.idle_ms))
  redis.call('ZREMRANGEBYSCORE', all_of, 0, now)
  redis.call('ZADD', all_of, s.expires_ms, hash)
  redis.call('PEXPIREAT', all_of, s.expires_ms, 'NX')
  redis.call('PEXPIREAT', all_of, s.expires_ms, 'GT')
end

operation('open_session', function(m, a)
  for i = 8, #a, 4 do
    if tostring(redis.call(a[i], a[i + 1], a[i + 2]) or '') ~= a[i + 3] then return refuse('bad_login') end
  end
  local now = wall_ms()
  begin_session(m, a[1], { role = a[2], subject = a[3], site = a[4], scopes = a[5], expires_ms = now + a[6],
    idle_ms = tonumber(a[7]), login = a[1] }, now)
  return { ok = true, replay = false }
end)
