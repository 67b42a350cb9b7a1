-- end_sessions: log-ins end at once; the event tells the servers, which remember them for a moment.
-- KEYS m   ARGV whose ('ROLE:SUBJECT'), hashes of the sessions' tokens (none: all of theirs)
operation('end_sessions', function(m, a)
  local all_of, hashes, ended = m .. 'sessions_of:' .. a[1], { unpack(a, 2) }, {}
  if #hashes == 0 then hashes = redis.call('ZRANGE', all_of, 0, -1) end
  for _, hash in ipairs(hashes) do
    redis.call('ZREM', all_of, hash)
    if redis.call('DEL', m .. 'session:' .. hash) == 1 then ended[#ended + 1] = hash end
  end
  if #ended > 0 then add_event(m, 'session.ended', a[1], 0, ended) end
  return { ok = true, done = #ended, replay = #ended == 0 }
end)
