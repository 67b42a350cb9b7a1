-- withdraw_acceptance: a worker who waits, stands by or was called steps back, without penalty, and with them the crew that
-- stays together.
-- Who is seated already uses release.
-- KEYS m   ARGV posting, profile
operation('withdraw_acceptance', function(m, a, now)
  local p, profile = find_posting(m, a[1], now), a[2]
  if not p then return refuse('no_posting') end
  local e = get_entry(m, p, profile)
  if not e or not e.acceptance then return refuse('no_acceptance') end
  if e.acceptance == 'withdrawn' then return { ok = true, v = p.v, replay = true } end
  if not is_waiting(e) then return refuse('illegal_move', e.acceptance .. ' -> withdrawn') end
  move_acceptance(m, p, profile, e, 'withdrawn')
  e.ended_by = 'worker'
  put_entry(p, profile, e)
  part_crew(m, p, e, now)
  settle(m, p, now)
  commit(m, p, 'posting.acceptance_withdrawn')
  return { ok = true, v = p.v, replay = false }
end)
