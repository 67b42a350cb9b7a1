-- settle(posting): the one rule that seats people.
-- Walks the ordered list of acceptances from its head while seats are open. Standby from earlier rounds stand first;
-- new acceptances follow, in order of arrival (instant) or in the published order (fair):
-- longest without work, then hall queue number, then the draw, whose tickets follow from the committed seed.
-- Nobody is seated or called once the shift is over. Somebody booked at that time is passed over. A standby whose seat
-- opens close to the start is called to reconfirm, and the seat is kept for them until the call ends. Who is not seated
-- stands by.

local function open_seats(p)
  return p.headcount - p.taken - p.called
end

local function window_over(p, now) -- a fair window has run out, and the sweep has not come by yet
  return p.window_until_ms > 0 and p.window_until_ms <= now
end

local function fair_before(a, b)
  if a.e.last_work_ms ~= b.e.last_work_ms then return a.e.last_work_ms < b.e.last_work_ms end
  local qa, qb = a.e.queue_no or math.huge, b.e.queue_no or math.huge
  if qa ~= qb then return qa < qb end
  return a.e.ticket < b.e.ticket
end

local function ordered_list(m, p)
  local standing, waiting = {}, {}
  for _, profile in ipairs(redis.call('ZRANGE', m .. 'queue:' .. p.id, 0, -1)) do
    local e = get_entry(m, p, profile)
    local item = { profile = profile, e = e }
    if e.acceptance == 'waiting' then waiting[#waiting + 1] = item else standing[#standing + 1] = item end
  end
  if p.award == 'fair' then
    table.sort(waiting, fair_before)
    for _, item in ipairs(waiting) do
      p.orders = p.orders + 1
      item.e.order = p.orders
      redis.call('ZADD', m .. 'queue:' .. p.id, p.orders, item.profile)
    end
  end
  for _, item in ipairs(waiting) do standing[#standing + 1] = item end
  return standing
end

local function call_standby(m, p, profile, e, now)
  move_acceptance(m, p, profile, e, 'called')
  e.call_deadline_ms = now + setting(m, 'call_ms')
  put_entry(m, p, profile, e)
  notify(m, profile, 'called', p.id, now)
  hasten_timer(m, 'call', p.id, e.call_deadline_ms)
end

local function try_seat(m, p, item, now)
  local profile, e = item.profile, item.e
  local was = e.acceptance
  if was == 'called' then return end
  if open_seats(p) <= 0 or p.end_ms <= now then
    if was == 'waiting' then
      move_acceptance(m, p, profile, e, 'standby')
      put_entry(m, p, profile, e)
      notify(m, profile, 'standby', p.id, now)
    end
  elseif booked(m, profile, p.start_ms, p.end_ms, p.id) then
    if was == 'waiting' then
      move_acceptance(m, p, profile, e, 'passed_over')
      put_entry(m, p, profile, e)
      notify(m, profile, 'passed_over', p.id, now)
    end
  elseif was == 'standby' and p.start_ms - now < setting(m, 'reconfirm_within_ms') then
    call_standby(m, p, profile, e, now)
  else
    seat(m, p, profile, e, now)
  end
end

local function settle(m, p, now)
  if p.state ~= 'open' and p.state ~= 'filled' then return end
  if p.window_until_ms > now then return end
  p.window_until_ms = 0
  for _, item in ipairs(ordered_list(m, p)) do try_seat(m, p, item, now) end
  if p.taken >= p.headcount then
    if p.state == 'open' then
      p.state = 'filled'
      p.filled_ms = now
      p.awarded = 1
    end
    if p.standby >= p.standby_target then withdraw_open_offers(m, p) end
  else
    p.state = 'open'
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
        put_entry(m, p, profile, e)
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
