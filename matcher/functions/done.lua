-- done: the work is finished; the profile remembers when, how often, and how often in this trade and for
-- whom.   KEYS m   ARGV posting, profile
local function work_done(m, p, profile, e, now, to)
  just_move(m, p, profile, e, now, to)
  local record = redis.call('HMGET', m .. 'profile:' .. profile, 'last_work_ms', 'done')
  local last = math.max(tonumber(record[1]) or 0, math.min(now, p.end_ms))
  local in_trade = 'done_in:' .. cmsgpack.unpack(redis.call('HGET', m .. 'posting:' .. p.id, 'doc')).trade
  local before = tonumber(redis.call('HGET', m .. 'profile:' .. profile, in_trade)) or 0
  change_profile(m, profile, 'profile.worked', 'last_work_ms', last,
    'done', (tonumber(record[2]) or 0) + 1, in_trade, before + 1)
  local tie = get_tie(m, p.employer, profile)
  tie.done, tie.last_work_ms = tie.done + 1, math.max(tie.last_work_ms, last)
  put_tie(m, p.employer, profile, tie)
end

seat_operation('done', after_start, work_done)
