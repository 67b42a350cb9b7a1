-- offer: writes one wave. Compare-and-set on the wave number: two matchers cannot double it.
-- People who may not be asked now (suspended, blocked by either side, at their cap of live offers or of offers today) are left out and named with
-- the reason. Lines of one crew follow each other and are one offer: all of its members who have consented, or nobody.
-- An offer by telephone (channel call) stands on the clerk's call list until its deadline; somebody whose earlier offer
-- ran out unanswered may be offered the same once more that way.
-- KEYS m   ARGV posting, terms, wave, reply_ms, next_wave_ms (after now), then profile, card (msgpack: distance_m,
--          reasons, rank, within_m, channel, perhaps reply_ms of its own, perhaps crew, perhaps wished) ...
-- A wave whose people asked for it (wished) comes after the posting's first one and leaves the time of the next as it is.
local function other_offers(m, p, profile, now, cap) -- open offers of other postings; the days of one series are one offer
  local key, from = m .. 'live:' .. profile, now
  local n = redis.call('ZCOUNT', key, from, '+inf')
  if n < cap and p.series == '' then return n, false end
  local seen, same = {}, false
  n = 0
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, from, '+inf')) do
    local series = redis.call('HGET', m .. 'posting:' .. id, 'series')
    local one = series and series ~= '' and series or id
    if one == p.series then
      same = true
    elseif not seen[one] then
      seen[one], n = true, n + 1
    end
  end
  return n, same
end

local function left_out_for(m, p, line, now, live_cap, daily_cap) -- notes in `same` whether it adds to a series' offer
  local profile = line.profile
  local record = redis.call('HMGET', m .. 'profile:' .. profile, 'v', 'suspended_until_ms')
  if not record[1] then return 'no_profile' end
  if is_suspended(record[2], now) then return 'suspended' end
  if line.blocked then return 'blocked' end
  local others, same = other_offers(m, p, profile, now, live_cap)
  line.same = same
  if others >= live_cap then return 'live_cap' end
  if not same and line.today >= daily_cap then return 'daily_cap' end
end

local function answered_terms(e) -- the newest terms that somebody has been offered or has answered
  return math.max(e.terms, e.consented_terms or 0, e.refused_terms or 0)
end

local function may_offer_again(p, e, line) -- only under new terms, or by wish; not while the old answer still counts
  if e.offer == 'expired' and line.channel == 'call' and e.channel ~= 'call' then return true end
  if line.wished and e.offer ~= 'open' and e.acceptance == nil and e.assignment == nil then return true end
  if answered_terms(e) >= p.terms or e.offer == 'open' then return false end
  if COUNTED[e.acceptance] then return false end
  return e.assignment == nil or e.assignment == 'released'
end

-- Lists of { profile, entry to be, whether blocked, how many offers today }, a list for each person and each crew.
local function units_of(m, p, a)
  local profiles, units, crew = {}, {}, nil
  for i = 6, #a, 2 do profiles[#profiles + 1] = a[i] end
  local blocked, today = blocked_with(m, p.employer, profiles), values_of(m .. 'offers_today', profiles)
  read_entries(m, p, profiles)
  for i, profile in ipairs(profiles) do
    local e = cmsgpack.unpack(a[5 + 2 * i])
    if not e.crew or e.crew ~= crew then units[#units + 1] = {} end
    crew = e.crew
    local line = { profile = profile, e = e, blocked = blocked[profile], today = tonumber(today[i]) or 0 }
    table.insert(units[#units], line)
  end
  return units
end

local function why_not(m, p, line, now, live_cap, daily_cap)
  local before = get_entry(m, p, line.profile)
  if before and not may_offer_again(p, before, line.e) then return 'offered_before' end
  return left_out_for(m, p, line, now, live_cap, daily_cap)
end

local function crew_reason(m, p, unit) -- why these people are not offered it as the crew they are said to be
  local crew = get_crew(m, unit[1].e.crew)
  if not crew or p.crews == 'none' or (p.crews == 'whole' and #unit > open_seats(p)) then return 'no_crew' end
  local named = {}
  for _, line in ipairs(unit) do named[line.profile] = true end
  for profile, state in pairs(crew.members) do
    if (state == 'consented') ~= (named[profile] or false) then return 'no_crew' end
    named[profile] = nil
  end
  return next(named) and 'no_crew' or nil
end

local function name_mates(p, unit)
  for _, line in ipairs(unit) do
    local e = line.e
    e.mates = {}
    for _, other in ipairs(unit) do
      if other.profile ~= line.profile then table.insert(e.mates, other.profile) end
    end
    if p.crews == 'whole' then e.together = true end
  end
end

local function write_offer(m, p, line, now, usual_ms) -- answers with the deadline
  local profile, e = line.profile, line.e
  local deadline = math.min(now + (e.reply_ms or usual_ms), p.start_ms, p.valid_until_ms)
  e.reply_ms = nil
  e.offer, e.wave, e.terms, e.offered_ms, e.deadline_ms = 'open', p.wave, p.terms, now, deadline
  e.nth_today = line.same and line.today or line.today + 1
  put_entry(p, profile, e)
  redis.call('ZADD', m .. 'live:' .. profile, deadline, p.id)
  p.offered = p.offered + 1
  p.open_offers = p.open_offers + 1
  if e.channel == 'call' then
    p.open_calls = p.open_calls + 1
    redis.call('ZADD', m .. 'calls', 'GT', deadline, p.id)
    redis.call('ZREMRANGEBYSCORE', m .. 'calls', '-inf', now)
  end
  return deadline
end

local function count_today(m, counts, now) -- profiles and how many offers each has had, in turn
  local zone = setting(m, 'zone_offset_ms')
  local midnight_ms = (math.floor((now + zone) / 86400000) + 1) * 86400000 - zone
  set_values(m .. 'offers_today', counts)
  redis.call('PEXPIRE', m .. 'offers_today', midnight_ms - now, 'NX')
end

operation('offer', function(m, a, now)
  local p = find_posting(m, a[1], now)
  if not p then return refuse('no_posting') end
  if p.state ~= 'open' or p.start_ms <= now or p.valid_until_ms <= now then return refuse('posting_not_open', p.state) end
  for _, day in ipairs(days_of(p)) do
    if day.held == 1 then return refuse('posting_held') end
  end
  if p ~= leader(p) or not all_open(p) then return refuse('posting_not_open', 'series') end
  if tonumber(a[2]) ~= p.terms or tonumber(a[3]) ~= p.wave + 1 then return refuse('stale_wave') end
  if open_seats(p) <= 0 then return refuse('posting_not_open', 'filled') end
  local units, wished = units_of(m, p, a), false
  for _, unit in ipairs(units) do
    for _, line in ipairs(unit) do wished = wished or line.e.wished end
  end
  if wished and p.wave == 0 then return refuse('stale_wave') end
  local live_cap, daily_cap = setting(m, 'live_cap'), setting(m, 'daily_cap')
  local usual_ms = tonumber(a[4])
  p.wave = p.wave + 1
  local left_out, today, first, last = {}, {}
  for _, unit in ipairs(units) do
    local crew = unit[1].e.crew
    local reasons, any = {}, crew and crew_reason(m, p, unit)
    for i, line in ipairs(unit) do
      reasons[i] = why_not(m, p, line, now, live_cap, daily_cap)
      any = any or (reasons[i] and 'mate')
    end
    if crew and not any then name_mates(p, unit) end
    for i, line in ipairs(unit) do
      if any then
        left_out[#left_out + 1] = line.profile .. ' ' .. (reasons[i] or any)
      else
        local deadline = write_offer(m, p, line, now, usual_ms)
        today[#today + 1], today[#today + 2] = line.profile, line.e.nth_today
        first, last = math.min(first or deadline, deadline), math.max(last or deadline, deadline)
      end
    end
  end
  if first then
    hasten_timer(m, 'offers', p.id, first)
    count_today(m, today, now)
  end
  if wished then -- a wave that was decided meanwhile is refused: then there is no timer, and the next one is due
    redis.call('ZADD', m .. 'due', 'NX', now + 1000, 'wave:' .. p.id)
  else
    set_timer(m, 'wave', p.id, now + tonumber(a[5]))
  end
  commit(m, p, 'posting.offered')
  return { ok = true, v = p.v, offered = #p.who, left_out = left_out, deadline_ms = last or 0 }
end)

on_due.wave = function(m, p) -- time to ask more people, if seats are still open; the matcher decides whom
  if p == leader(p) and p.state == 'open' and open_seats(p) > 0 then commit(m, p, 'posting.wave_due') end
end

on_due.offers = function(m, p, now) -- tidies: offers past their deadline are marked, and three in a row pause the person
  local next_ms
  local crews = {}
  each_entry(m, p, function(profile, e)
    if e.offer == 'open' then
      if e.deadline_ms <= now then
        end_offer(m, p, profile, e, 'expired')
        put_entry(p, profile, e)
        if e.together then crews[#crews + 1] = e end
        -- who was to be rung up has not let anything run out
        local n = e.channel == 'call' and 0 or redis.call('HINCRBY', m .. 'worker:' .. profile, 'timeouts', 1)
        if n >= setting(m, 'timeouts_to_pause') then
          redis.call('HDEL', m .. 'worker:' .. profile, 'timeouts')
          change_profile(m, profile, 'profile.paused', 'paused', 1)
          notify(m, profile, 'paused', p.id, now)
        end
      elseif not next_ms or e.deadline_ms < next_ms then
        next_ms = e.deadline_ms
      end
    end
  end)
  for _, e in ipairs(crews) do part_crew(m, p, e, now) end
  if next_ms then set_timer(m, 'offers', p.id, next_ms) end
  if #p.who > 0 then commit(m, p, 'posting.offers_expired') end
end
