-- end_sessions: log-ins end at once; the event tells the servers, which remember them for a moment.
-- KEYS m   ARGV whose ('ROLE:SUBJECT'), hash of one's token (none: all of theirs)
-- One ends under every token that it has or had: whichever is shown, whoever rotates it meanwhile.
local function login_of(m, hash)
  return redis.call('HGET', m .. 'session:' .. hash, 'login') or hash
end

operation('end_sessions', function(m, a)
  local all_of, ended = m .. 'sessions_of:' .. a[1], {}
  local login = a[2] and login_of(m, a[2])
  for _, hash in ipairs(redis.call('ZRANGE', all_of, 0, -1)) do
    if not login or login_of(m, hash) == login then
      redis.call('ZREM', all_of, hash)
      if redis.call('DEL', m .. 'session:' .. hash) == 1 then ended[#ended + 1] = hash end
    end
  end
  if #ended > 0 then add_event(m, 'session.ended', a[1], 0, ended) end
  return { ok = true, done = #ended, replay = #ended == 0 }
end)
