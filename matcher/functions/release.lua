-- release: a seat is given back before the work begins, by the worker (counted), the employer or a clerk (not counted);
-- the next in the list is seated. Late, it is a penalty for the worker, or the employer, who does it.   KEYS m   ARGV posting, profile, by (worker | employer | clerk), reason
-- A worker's own release ends with the start: from then on who is not there is a no-show.
seat_operation('release', function(_, p, now, a)
  if a[3] == 'worker' and p.start_ms <= now then return refuse('too_late') end
end, function(m, p, profile, e, now, to, a)
  local asked_again = e.assignment == 'consent_due' -- the terms changed: leaving is free
  local alone = mate_left(m, p, e)
  vacate(m, p, profile, e, to, a[3], now)
  each_mate(m, p, e, function(mate, its) -- who was seated together with somebody who leaves may leave too, freely
    if its.assignment == 'seated' or its.assignment == 'confirmed' then
      involve(p, mate)
      notify(m, mate, 'mate_left', p.id, now)
    end
  end)
  if a[3] == 'worker' and not asked_again and not alone then
    count_on_profile(m, profile, 'releases', 'profile.released')
    if is_late(m, p, now) then penalise(m, 'profile', profile, 'late_release', p.id, now) end
  elseif a[3] == 'employer' and is_late(m, p, now) then
    penalise(m, 'employer', p.employer, 'late_withdraw', p.id, now)
  end
  settle(m, p, now)
end)
