-- settle(posting): the one rule that seats people.
-- Walks the ordered list of acceptances from its head while seats are open. Standby from earlier rounds stand first;
-- new acceptances follow, in order of arrival (instant) or in the published order (fair): longest without work, then hall
-- queue number, then the draw, whose tickets follow from the round's own seed (matcher/draw.py tells how it is committed).
-- Nobody is seated or called once the shift is over. Somebody booked at that time is passed over. A standby whose seat
-- opens close to the start is called to reconfirm, and the seat is kept for them until the call ends. Who is not seated
-- stands by; a crew that stays together also when fewer seats are open than it needs, and those behind it go on.
-- The line of a series that is taken as a whole (series.lua) is its first day's, and its seats are those of every day.

local function window_over(p, now) -- a fair window has run out, and the sweep has not come by yet
  return p.window_until_ms > 0 and p.window_until_ms <= now
end

local function fair_before(a, b)
  if a.last_work_ms ~= b.last_work_ms then return a.last_work_ms < b.last_work_ms end
  if a.queue_no ~= b.queue_no then return a.queue_no < b.queue_no end
  return a.ticket < b.ticket
end

-- A unit of the line: one person, or a crew that stays together; its members share their state. A crew stands where its
-- member stands who worked last and whose queue number is highest: nobody gets ahead by taking somebody along.
local function join_unit(unit, profile, e)
  unit[#unit + 1] = { profile = profile, e = e }
  unit.last_work_ms = math.max(unit.last_work_ms, e.last_work_ms)
  unit.queue_no = math.max(unit.queue_no, e.queue_no or math.huge)
end

local function units_in_line(m, p)
  local standing, waiting, crews = {}, {}, {}
  local first = open_seats(p) > 0 and 0 or -p.waiting -- without a seat only those who wait are moved: the line's end
  if first == 0 and open_seats(p) <= 0 then return standing, waiting end
  local line = redis.call('ZRANGE', m .. 'queue:' .. p.id, first, -1)
  read_entries(m, p, line)
  for _, profile in ipairs(line) do
    local e = get_entry(m, p, profile)
    local unit = e.together and crews[e.crew]
    if not unit then
      unit = { id = e.together and e.crew or profile, state = e.acceptance, last_work_ms = 0, queue_no = 0 }
      if e.together then crews[e.crew] = unit end
      local list = e.acceptance == 'waiting' and waiting or standing
      list[#list + 1] = unit
    end
    join_unit(unit, profile, e)
  end
  return standing, waiting
end

local HEX = {} -- byte -> its two digits; filled when first needed

local function hex(raw)
  if not next(HEX) then
    for byte = 0, 255 do HEX[string.char(byte)] = string.format('%02x', byte) end
  end
  return (string.gsub(raw, '.', HEX))
end

local function next_seed(m, p) -- reveals the next seed of the posting's chain; nil when all of them are used up
  local raw = redis.call('GETRANGE', m .. 'seeds:' .. p.id, p.rounds * 32, p.rounds * 32 + 31)
  p.rounds = p.rounds + 1
  if raw == '' then return nil end
  local seed = hex(raw)
  redis.call('HSET', m .. 'posting:' .. p.id, 'seed', seed)
  return seed
end

local function draw(m, p, waiting) -- one round: tickets from a seed of its own, and the published order
  local seed = next_seed(m, p)
  for _, unit in ipairs(waiting) do
    unit.ticket = seed and redis.sha1hex(seed .. ':' .. unit.id) or string.format('%040d', unit[1].e.order)
  end
  table.sort(waiting, fair_before)
  for _, unit in ipairs(waiting) do
    for _, item in ipairs(unit) do
      p.orders = p.orders + 1
      item.e.order, item.e.round, item.e.ticket = p.orders, p.rounds, unit.ticket
      redis.call('ZADD', m .. 'queue:' .. p.id, p.orders, item.profile)
    end
  end
  p.awarded = 1
end

local function ordered_list(m, p)
  local standing, waiting = units_in_line(m, p)
  if p.award == 'fair' and #waiting > 1 then draw(m, p, waiting) end
  for _, unit in ipairs(waiting) do standing[#standing + 1] = unit end
  return standing
end

local function move_unit(m, p, unit, state, now)
  for _, item in ipairs(unit) do
    move_acceptance(m, p, item.profile, item.e, state)
    if state == 'called' then item.e.call_deadline_ms = now + setting(m, 'call_ms') end
    put_entry(p, item.profile, item.e)
    notify(m, item.profile, state, p.id, now)
  end
  if state == 'called' then hasten_timer(m, 'call', p.id, unit[1].e.call_deadline_ms) end
end

local function unit_booked(m, p, unit)
  for _, item in ipairs(unit) do
    if is_busy(m, p, item.profile) then return true end
  end
  return false
end

local function try_seat(m, p, unit, now) -- all of a unit or nobody
  local was = unit.state
  if was == 'called' then return end
  if open_seats(p) < #unit or p.end_ms <= now then
    if was == 'waiting' then move_unit(m, p, unit, 'standby', now) end
  elseif unit_booked(m, p, unit) then
    if was == 'waiting' then move_unit(m, p, unit, 'passed_over', now) end
  elseif was == 'standby' and p.start_ms - now < setting(m, 'reconfirm_within_ms') then
    move_unit(m, p, unit, 'called', now)
  else
    local names = {}
    for i, item in ipairs(unit) do
      seat(m, p, item.profile, item.e, now)
      names[i] = item.profile
    end
    log_audit(m, now, 'settle', 'award ' .. p.award, p.id .. ' ' .. table.concat(names, ' '), p.award == 'fair' and 'round ' .. p.rounds or '')
  end
end

local function note_filled(p, now)
  if p.taken < p.headcount then
    p.state = 'open'
  elseif p.state == 'open' then
    p.state = 'filled'
    p.filled_ms = now
    p.awarded = 1
  end
end

local function settle(m, p, now)
  p = leader(p)
  if p.window_until_ms > now then return end
  if all_open(p) then
    p.window_until_ms = 0
    for _, unit in ipairs(ordered_list(m, p)) do try_seat(m, p, unit, now) end
    if open_seats(p) + p.called <= 0 and p.standby >= p.standby_target then withdraw_open_offers(m, p, now) end
  end
  for _, day in ipairs(days_of(p)) do
    if day.state == 'open' or day.state == 'filled' then note_filled(day, now) end
  end
end

on_due.settle = function(m, p, now) -- the fair window has ended
  if not window_over(p, now) then return end
  settle(m, p, now)
  commit(m, p, 'posting.settled')
end

on_due.call = function(m, p, now) -- calls that nobody answered lapse; the next standby is called
  local next_ms
  for _, profile in ipairs(redis.call('ZRANGE', m .. 'queue:' .. p.id, 0, -1)) do
    local e = get_entry(m, p, profile)
    if e.acceptance == 'called' then
      if e.call_deadline_ms <= now then
        move_acceptance(m, p, profile, e, 'lapsed')
        put_entry(p, profile, e)
        notify(m, profile, 'lapsed', p.id, now)
      elseif not next_ms or e.call_deadline_ms < next_ms then
        next_ms = e.call_deadline_ms
      end
    end
  end
  if next_ms then hasten_timer(m, 'call', p.id, next_ms) end
  if #p.who > 0 then
    settle(m, p, now)
    commit(m, p, 'posting.lapsed')
  end
end
