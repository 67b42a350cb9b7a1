-- A posting is kept for `history_kept_ms` after its end and then forgotten, with everything that hangs on it: entries,
-- line, seeds, its shifts in people's calendars, its place in every list. Each goes in one step; the sweep bounds how many.
local TIMERS = { 'settle', 'call', 'consent', 'wave', 'offers', 'expire', 'complete' }

local function leave_series_lists(m, p)
  redis.call('SREM', m .. 'days_of:' .. p.series, p.id)
  local raw = p.whole and redis.call('GET', m .. 'series:' .. p.whole)
  if not raw then return end
  local rest = {}
  for _, id in ipairs(cmsgpack.unpack(raw)) do
    if id ~= p.id then rest[#rest + 1] = id end
  end
  if #rest > 0 then
    redis.call('SET', m .. 'series:' .. p.whole, cmsgpack.pack(rest))
  else
    redis.call('DEL', m .. 'series:' .. p.whole)
  end
end

on_due.forget = function(m, p, now)
  local due_ms = p.end_ms + setting(m, 'history_kept_ms')
  if due_ms > now or not ENDED[p.state] then
    return set_timer(m, 'forget', p.id, math.max(due_ms, now + 86400000)) -- looked at again in a day
  end
  each_entry(m, p, function(profile)
    unbook(m, profile, p)
    redis.call('ZREM', m .. 'live:' .. profile, p.id)
    redis.call('ZREM', m .. 'mine:' .. profile, p.id)
  end)
  leave_series_lists(m, p)
  for _, kind in ipairs({ 'posting:', 'offers:', 'queue:', 'seeds:' }) do redis.call('DEL', m .. kind .. p.id) end
  for _, kind in ipairs(TIMERS) do redis.call('ZREM', m .. 'due', kind .. ':' .. p.id) end
  redis.call('SREM', m .. 'ids:posting', p.id)
  redis.call('SREM', m .. 'in:' .. p.state, p.id)
  redis.call('SREM', m .. 'postings_of:' .. p.employer, p.id)
  redis.call('ZREM', m .. 'calls', p.id)
  add_event(m, 'posting.erased', p.id, p.v + 1)
end
