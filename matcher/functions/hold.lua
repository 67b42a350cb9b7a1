-- hold: a posting that cannot go on as it stands (heat) asks for nobody until its times are changed, or no longer has to
-- be held. Its state stays; open offers are withdrawn; whoever waits or has a seat is told.
-- KEYS m   ARGV posting, held (0 | 1), reason (for the employer)
operation('hold', function(m, a, now)
  local p, held = find_posting(m, a[1], now), tonumber(a[2])
  if not p then return refuse('no_posting') end
  if p.held == held or ENDED[p.state] then return { ok = true, v = p.v, state = p.state, replay = true } end
  p.held = held
  redis.call('HSET', m .. 'posting:' .. p.id, 'review_reason', a[3])
  if held == 1 then withdraw_open_offers(m, leader(p), now) end
  each_entry(m, p, function(profile, e)
    if is_waiting(e) or BEFORE_WORK[e.assignment] then
      involve(p, profile)
      if held == 1 then notify(m, profile, 'heat', p.id, now) else notify(m, profile, 'heat_over', p.id, now) end
    end
  end)
  commit(m, p, held == 1 and 'posting.held' or 'posting.unheld')
  return { ok = true, v = p.v, state = p.state, replay = false }
end)
