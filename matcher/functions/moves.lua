-- The moves of offers, acceptances and seats that several operations share: each keeps counts, queue and calendar in
-- step with the entry.
local function end_offer(m, p, profile, e, state)
  e.offer = state
  p.open_offers = p.open_offers - 1
  redis.call('ZREM', m .. 'live:' .. profile, p.id)
  if e.channel == 'call' then
    p.open_calls = p.open_calls - 1
    if p.open_calls <= 0 then redis.call('ZREM', m .. 'calls', p.id) end
  end
end

local COUNTED = { waiting = 'waiting', standby = 'standby', called = 'called' }

local function is_waiting(e) -- said yes, and is neither seated nor out
  return e.acceptance == 'gathering' or COUNTED[e.acceptance] ~= nil
end

local function move_acceptance(m, p, profile, e, state) -- keeps the posting's counts and the queue in step
  if COUNTED[e.acceptance] then p[e.acceptance] = p[e.acceptance] - 1 end
  if COUNTED[state] then
    p[state] = p[state] + 1
  else
    redis.call('ZREM', m .. 'queue:' .. p.id, profile)
  end
  e.acceptance = state
end

local BEFORE_WORK = { seated = true, confirmed = true, consent_due = true }

local function take_seat(m, p, profile, e, now)
  e.assignment = 'seated'
  e.seated_ms = now
  p.taken = p.taken + 1
  book(m, profile, p)
  put_entry(p, profile, e)
end

-- What somebody who is seated by the line of a series has with another of its days: wave 0, since it came with no wave.
local function entry_of_day(day, e)
  return { offer = 'accepted', acceptance = 'seated', terms = day.terms, wave = 0, offered_ms = e.offered_ms,
    deadline_ms = e.deadline_ms, nth_today = e.nth_today, distance_m = e.distance_m, reasons = e.reasons,
    answered_ms = e.answered_ms, crew = e.crew }
end

local function seat(m, p, profile, e, now)
  move_acceptance(m, p, profile, e, 'seated')
  for _, day in ipairs(days_of(p)) do
    if day == p then
      take_seat(m, p, profile, e, now)
    else
      take_seat(m, day, profile, entry_of_day(day, e), now)
      redis.call('ZADD', m .. 'mine:' .. profile, day.end_ms, day.id)
    end
  end
  notify(m, profile, 'seated', p.id, now)
end

local function give_up(m, p, profile, e, state, by)
  e.assignment = state
  e.ended_by = by
  p.taken = p.taken - 1
  unbook(m, profile, p)
  put_entry(p, profile, e)
end

local function vacate(m, p, profile, e, state, by, now) -- a seat is given up, released or no_show, on every day it is for
  give_up(m, p, profile, e, state, by)
  for _, day in ipairs(days_of(p)) do
    local its = day ~= p and get_entry(m, day, profile)
    if its and BEFORE_WORK[its.assignment] then give_up(m, day, profile, its, state, by) end
  end
  notify(m, profile, state, p.id, now)
end

local function withdraw_waiting(m, p, why, now) -- everybody who waits is told that there is nothing to wait for
  for _, profile in ipairs(redis.call('ZRANGE', m .. 'queue:' .. p.id, 0, -1)) do
    local e = get_entry(m, p, profile)
    move_acceptance(m, p, profile, e, 'withdrawn')
    e.ended_by = why
    put_entry(p, profile, e)
    notify(m, profile, why, p.id, now)
  end
end
