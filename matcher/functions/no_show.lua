-- no_show: the shift has begun and the person is not there; the seat is given on. A penalty.   KEYS m   ARGV posting, profile
seat_operation('no_show', after_start, function(m, p, profile, e, now, to)
  vacate(m, p, profile, e, to, 'employer', now)
  count_on_profile(m, profile, 'no_shows', 'profile.no_show')
  penalise(m, 'profile', profile, 'no_show', p.id, now)
  settle(m, p, now)
end)
