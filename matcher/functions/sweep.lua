-- sweep: does what has come due: fair windows settle, calls and consents lapse, offers and postings expire, waves follow.
-- Correctness does not wait for it: every operation checks deadlines itself.
-- KEYS m   ARGV limit   -> done, next_ms (0 = nothing planned), now_ms
operation('sweep', function(m, a, now)
  local members = redis.call('ZRANGEBYSCORE', m .. 'due', '-inf', now, 'LIMIT', 0, a[1])
  for _, member in ipairs(members) do
    redis.call('ZREM', m .. 'due', member)
    local kind, id = string.match(member, '^(%a+):(.+)$')
    local p = find_posting(m, id, now)
    if p and on_due[kind] then on_due[kind](m, p, now) end
  end
  local first = redis.call('ZRANGE', m .. 'due', 0, 0, 'WITHSCORES')
  return { ok = true, done = #members, next_ms = tonumber(first[2]) or 0, now_ms = now }
end)
