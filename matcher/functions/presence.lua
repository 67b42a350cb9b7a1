-- presence: away, available today (今天能干) or in the hall with a queue number, until a moment.
-- Whoever says that they are here has no pause any more.
-- KEYS m   ARGV id, state, until_ms, queue_no ('' = none)
operation('presence', function(m, a, moment)
  local id, state, until_ms, queue_no = a[1], a[2], a[3], a[4]
  local now = redis.call('HMGET', m .. 'profile:' .. id, 'v', 'presence', 'presence_until_ms', 'queue_no', 'paused')
  if not now[1] then return refuse('no_profile') end
  if state ~= 'away' and has_withdrawn(m, id) then return refuse('consent_withdrawn') end
  local paused = state == 'away' and now[5] or '0'
  if now[2] == state and now[3] == until_ms and (now[4] or '') == queue_no and now[5] == paused then
    return { ok = true, v = tonumber(now[1]), replay = true }
  end
  change_profile(m, id, 'profile.presence', 'presence', state, 'presence_until_ms', until_ms, 'queue_no', queue_no,
    'paused', paused, 'seen_ms', moment)
  if paused == '0' then redis.call('HDEL', m .. 'worker:' .. id, 'timeouts') end
  return { ok = true, v = tonumber(now[1]) + 1, replay = false }
end)
