-- post_series: the days of a series that is taken as a whole (全程), all of them at once.
-- KEYS m   ARGV series, n, then n arguments as of `post` for each day
operation('post_series', function(m, a, now)
  local id, n, known, days = a[1], tonumber(a[2]), 0, {}
  for i = 3, #a, n do
    local args = { unpack(a, i, i + n - 1) }
    local answer = post_answer(m, args, now)
    if answer and answer.no then return answer end
    if answer then known = known + 1 end
    days[#days + 1] = args
  end
  if known == #days then return { ok = true, replay = true } end
  if known > 0 or redis.call('EXISTS', m .. 'series:' .. id) == 1 then return refuse('key_reused') end
  for i, day in ipairs(days) do
    for j = 1, i - 1 do
      local other = days[j]
      if tonumber(day[12]) < tonumber(other[13]) and tonumber(other[12]) < tonumber(day[13]) then
        return refuse('series_overlap')
      end
    end
  end
  for i, args in ipairs(days) do
    days[i] = new_posting(m, args, now)
    redis.call('HSET', m .. 'posting:' .. days[i].id, 'whole', id)
  end
  write_days(m, id, days)
  for _, p in ipairs(days) do write_posting(m, p, p.state == 'open' and 'posting.opened' or 'posting.posted') end
  return { ok = true, replay = false }
end)
