-- withdraw_series: the employer takes back every day of a series that has not ended.   KEYS m
-- ARGV series, by (employer | clerk)
operation('withdraw_series', function(m, a, now)
  local ids = redis.call('SMEMBERS', m .. 'days_of:' .. a[1])
  if #ids == 0 then return refuse('no_series') end
  table.sort(ids)
  local done = 0
  for _, id in ipairs(ids) do
    local p = find_posting(m, id, now)
    if p and not ENDED[p.state] then
      local blame = a[2] == 'employer' and is_late(m, p, now) and has_seated(m, p)
      finish(m, p, 'withdrawn', now, true)
      if blame then penalise(m, 'employer', p.employer, 'late_withdraw', p.id, now) end
      done = done + 1
    end
  end
  return { ok = true, replay = done == 0 }
end)
