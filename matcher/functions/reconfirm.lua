-- reconfirm: a standby who was called close to the start says yes and takes the seat that was kept.
-- KEYS m   ARGV posting, profile
operation('reconfirm', function(m, a, now)
  local p, profile = get_posting(m, a[1]), a[2]
  if not p then return refuse('no_posting') end
  local e = get_entry(m, p, profile)
  if not e or not e.acceptance then return refuse('no_acceptance') end
  if e.acceptance == 'seated' then return { ok = true, v = p.v, assignment = e.assignment, replay = true } end
  if e.acceptance == 'lapsed' then return refuse('offer_expired') end
  if e.acceptance ~= 'called' then return refuse('illegal_move', e.acceptance .. ' -> seated') end
  if e.call_deadline_ms <= now then return refuse('offer_expired') end
  if p.state ~= 'open' and p.state ~= 'filled' then return refuse('posting_not_open', p.state) end
  if booked(m, profile, p.start_ms, p.end_ms, p.id) then return refuse('already_booked') end
  seat(m, p, profile, e, now)
  settle(m, p, now)
  commit(m, p, 'posting.reconfirmed')
  return { ok = true, v = p.v, assignment = 'seated', replay = false }
end)
