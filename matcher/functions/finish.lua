-- close, withdraw, expire: a posting ends. Open offers and everybody who waits are withdrawn.
-- Closed and expired keep the seats that were given; withdrawn releases them without penalty. A series that is taken as a
-- whole and has not begun closes and expires as a whole; one of its days may be withdrawn by itself.
-- KEYS m   ARGV posting, reason
local function end_posting(m, p, state, now)
  withdraw_open_offers(m, p, now)
  withdraw_waiting(m, p, 'posting_' .. state, now)
  p.window_until_ms = 0
  p.state = state
  p.awarded = 1
  release_marks(m, p.id, redis.call('HGET', m .. 'posting:' .. p.id, 'marks'))
  redis.call('DEL', m .. 'seeds:' .. p.id) -- nothing is drawn any more
  if state ~= 'withdrawn' then return end
  each_entry(m, p, function(profile, e)
    if BEFORE_WORK[e.assignment] then
      give_up(m, p, profile, e, 'released', 'employer')
      notify(m, profile, 'released', p.id, now)
    end
  end)
end

-- A bound series goes on without the day that is withdrawn; whoever has a seat on the others is asked again, and whoever
-- was offered it, or waits, anew.
local function leave_series(m, p, now)
  local rest = {}
  for _, day in ipairs(p.bound) do
    if day ~= p then rest[#rest + 1] = day end
  end
  redis.call('HSET', m .. 'posting:' .. p.id, 'whole', '')
  if #rest == 0 then
    redis.call('DEL', m .. 'series:' .. p.whole)
  else
    write_days(m, p.whole, rest)
    change_terms(m, rest[1], now)
    ask_consent(m, rest[1], now)
  end
  p.begins_ms, p.bound = 0, { p, unpack(rest) } -- all of them are written
end

local function finish(m, p, state, now, every_day)
  local line = leader(p)
  if state == 'expired' and line.window_until_ms > now then line.window_until_ms = now end
  if state ~= 'withdrawn' and window_over(line, now) then settle(m, line, now) end -- seats that were won by then stay won
  if state == 'withdrawn' and not every_day then
    end_posting(m, p, state, now)
    if p.bound then leave_series(m, p, now) end
  else
    for _, day in ipairs(days_of(p)) do end_posting(m, day, state, now) end -- a bound series ends as one
  end
  commit(m, p, 'posting.' .. state)
end

local function has_seated(m, p)
  local any = false
  each_entry(m, p, function(_, e) any = any or BEFORE_WORK[e.assignment] end)
  return any
end

local function finishing(state)
  return function(m, a, now)
    local p = find_posting(m, a[1], now)
    if not p then return refuse('no_posting') end
    if p.state == state then return { ok = true, v = p.v, state = p.state, replay = true } end
    if ENDED[p.state] then return refuse('illegal_move', p.state .. ' -> ' .. state) end
    if state == 'expired' and p.valid_until_ms > now then return refuse('not_yet_due') end
    local blame = state == 'withdrawn' and a[2] == 'employer' and is_late(m, p, now) and has_seated(m, p)
    finish(m, p, state, now)
    if blame then penalise(m, 'employer', p.employer, 'late_withdraw', p.id, now) end
    return { ok = true, v = p.v, state = p.state, replay = false }
  end
end
