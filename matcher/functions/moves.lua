-- The moves of offers, acceptances and seats that several operations share: each keeps counts, queue and calendar in
-- step with the entry.
local function end_offer(m, p, profile, e, state)
  e.offer = state
  p.open_offers = p.open_offers - 1
  redis.call('ZREM', m .. 'live:' .. profile, p.id)
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

local function seat(m, p, profile, e, now)
  move_acceptance(m, p, profile, e, 'seated')
  e.assignment = 'seated'
  e.seated_ms = now
  p.taken = p.taken + 1
  book(m, profile, p)
  put_entry(m, p, profile, e)
  notify(m, profile, 'seated', p.id, now)
end

local function vacate(m, p, profile, e, state, by, now) -- a seat is given up: released or no_show
  e.assignment = state
  e.ended_by = by
  p.taken = p.taken - 1
  unbook(m, profile, p)
  put_entry(m, p, profile, e)
  notify(m, profile, state, p.id, now)
end

local function withdraw_waiting(m, p, why, now) -- everybody who waits is told that there is nothing to wait for
  for _, profile in ipairs(redis.call('ZRANGE', m .. 'queue:' .. p.id, 0, -1)) do
    local e = get_entry(m, p, profile)
    move_acceptance(m, p, profile, e, 'withdrawn')
    e.ended_by = why
    put_entry(m, p, profile, e)
    notify(m, profile, why, p.id, now)
  end
end
