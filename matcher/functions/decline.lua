-- decline: a worker's no; free, always possible while the offer is open.
-- KEYS m   ARGV posting, profile, terms, reason, channel through which the no came ('' = not said)
operation('decline', function(m, a, now)
  local p, profile = find_posting(m, a[1], now), a[2]
  if not p then return refuse('no_posting') end
  local e = get_entry(m, p, profile)
  if not e then return refuse('no_offer') end
  if e.terms ~= tonumber(a[3]) then return refuse('offer_withdrawn') end
  if e.offer == 'declined' then return { ok = true, v = p.v, replay = true } end
  if e.offer == 'accepted' then return refuse('illegal_move', 'accepted -> declined') end
  if e.offer == 'withdrawn' then return refuse('offer_withdrawn') end
  if e.offer == 'expired' or e.deadline_ms <= now then return refuse('offer_expired') end
  end_offer(m, p, profile, e, 'declined')
  e.answered_ms, e.decline_reason, e.answered_by = now, a[4], a[5]
  put_entry(p, profile, e)
  part_crew(m, p, e, now)
  redis.call('HDEL', m .. 'worker:' .. profile, 'timeouts')
  commit(m, p, 'posting.declined')
  return { ok = true, v = p.v, replay = false }
end)
