-- reconfirm: a standby who was called close to the start says yes and takes the seat that was kept; a crew that stays
-- together takes its seats when the last of them has said yes.
-- KEYS m   ARGV posting, profile
operation('reconfirm', function(m, a, now)
  local p, profile = find_posting(m, a[1], now), a[2]
  if not p then return refuse('no_posting') end
  local e = get_entry(m, p, profile)
  if not e or not e.acceptance then return refuse('no_acceptance') end
  if e.acceptance == 'seated' then
    return { ok = true, v = p.v, acceptance = 'seated', assignment = e.assignment, replay = true }
  end
  if e.acceptance == 'lapsed' then return refuse('offer_expired') end
  if e.acceptance ~= 'called' then return refuse('illegal_move', e.acceptance .. ' -> seated') end
  if e.call_deadline_ms <= now then return refuse('offer_expired') end
  if not all_open(p) then return refuse('posting_not_open', p.state) end
  if e.reconfirmed then return { ok = true, v = p.v, acceptance = 'called', replay = true } end
  local whole, busy = true, is_busy(m, p, profile)
  each_mate(m, p, e, function(mate, its)
    whole = whole and its.reconfirmed
    busy = busy or is_busy(m, p, mate)
  end)
  if busy then return refuse('already_booked') end
  e.reconfirmed = true
  put_entry(p, profile, e)
  if whole then
    each_mate(m, p, e, function(mate, its) seat(m, p, mate, its, now) end)
    seat(m, p, profile, e, now)
    settle(m, p, now)
  end
  commit(m, p, 'posting.reconfirmed')
  return { ok = true, v = p.v, acceptance = e.acceptance, assignment = e.assignment, replay = false }
end)
