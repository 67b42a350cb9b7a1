-- check_in: the worker has arrived; not earlier than `check_in_before_ms` before the start.   KEYS m   ARGV posting, profile
seat_operation('check_in', function(m, p, now)
  if p.start_ms - now > setting(m, 'check_in_before_ms') then return refuse('too_early') end
end, just_move)
