-- withdraw_consent: nothing is offered to this person any more, and they wait for nothing. Seats that they have stay
-- theirs, with what belongs to them. What is kept of them is erased after a while (server/retention.py), or when they ask.
-- To the matcher it is a suspension without end that nobody lifts but the person; one by a clerk is kept for afterwards.
-- KEYS m   ARGV profile
local NEVER_MS = 4102444800000 -- the end of the year 2099, the latest moment that a record may name

local function take_back_offers(m, profile, now)
  for _, id in ipairs(redis.call('ZRANGE', m .. 'live:' .. profile, 0, -1)) do
    local p = find_posting(m, id, now)
    local e = p and get_entry(m, p, profile)
    if e and e.offer == 'open' then
      end_offer(m, p, profile, e, 'withdrawn')
      put_entry(p, profile, e)
      part_crew(m, p, e, now)
      commit(m, p, 'posting.declined')
    end
  end
end

local function leave_every_line(m, profile, now)
  for _, id in ipairs(redis.call('ZRANGE', m .. 'mine:' .. profile, 0, -1)) do
    operations.withdraw_acceptance(m, { id, profile }, now) -- refuses where nothing waits
  end
end

local function leave_every_crew(m, profile, now)
  local crews = redis.call('SMEMBERS', m .. 'invited:' .. profile)
  crews[#crews + 1] = redis.call('GET', m .. 'crew_of:' .. profile) or nil
  for _, crew in ipairs(crews) do operations.leave_crew(m, { crew, profile }, now) end
end

local function stop_matching(m, profile, reason, now)
  take_back_offers(m, profile, now)
  leave_every_line(m, profile, now)
  leave_every_crew(m, profile, now)
  if has_withdrawn(m, profile) then return end
  local was = redis.call('HMGET', m .. 'profile:' .. profile, 'suspended_until_ms', 'suspended_reason')
  change_profile(m, profile, 'profile.suspended', 'presence', 'away', 'presence_until_ms', 0,
    'withdrawn_ms', now, 'suspended_until_ms', NEVER_MS,
    'suspended_reason', reason, 'before_until_ms', was[1] or '0', 'before_reason', was[2] or '')
end

operation('withdraw_consent', function(m, a, now)
  local id = a[1]
  if redis.call('EXISTS', m .. 'profile:' .. id) == 0 then return refuse('no_profile') end
  local replay = has_withdrawn(m, id)
  stop_matching(m, id, '你撤回了同意;重新同意后就能接单', now)
  return { ok = true, v = tonumber(redis.call('HGET', m .. 'profile:' .. id, 'v')), replay = replay }
end)
