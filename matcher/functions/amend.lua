-- amend: a new document for a posting. When it is worse for the worker (pay down; time, place or work changed: material),
-- everybody seated must consent again by a deadline, open offers and people waiting are withdrawn, and new offers follow
-- under new terms. Somebody whose other shifts overlap the new time is released at once, without penalty.
-- KEYS m   ARGV posting, expected_v (0 = any), digest, schema, doc, vec, model, headcount, start_ms, end_ms,
--          valid_until_ms, standby_target, material (0 | 1), warns (0 | 1), reason, crews,
--          profiles to release ...
local function is_material(p, a) -- another time always is, whatever the caller says: calendars must follow it
  return a[13] == '1' or tonumber(a[9]) ~= p.start_ms or tonumber(a[10]) ~= p.end_ms
end

local function amend_refusal(m, p, a, named, material)
  if p.state == 'closed' or p.state == 'withdrawn' or p.state == 'expired' then
    return refuse('illegal_move', p.state)
  end
  if tonumber(a[2]) ~= 0 and tonumber(a[2]) ~= p.v then return refuse('stale_version') end
  local start_ms, now = tonumber(a[9]), now_ms(m)
  if (start_ms ~= p.start_ms and start_ms <= now) or tonumber(a[11]) <= now then return refuse('posting_past') end
  if p.state == 'filled' and a[14] == '1' then return refuse('illegal_move', 'filled -> awaiting_review') end
  for _, profile in ipairs(named) do
    local e = get_entry(m, p, profile)
    if not e or not BEFORE_WORK[e.assignment] then return refuse('no_assignment', profile) end
  end
  if tonumber(a[8]) < p.taken + leader(p).called - #named then return refuse('headcount_below_seats') end
  if overlaps_day(p, start_ms, tonumber(a[10])) then return refuse('series_overlap') end
  if material then
    local begun = false
    each_entry(m, p, function(_, e)
      if e.assignment == 'checked_in' or e.assignment == 'done' or e.assignment == 'paid' then begun = true end
    end)
    if begun then return refuse('illegal_move', 'checked_in') end
  end
end

local function change_terms(m, p, now) -- whoever is offered it or waits for it is asked anew; of a series, in its line
  local line = leader(p)
  withdraw_open_offers(m, line, now)
  withdraw_waiting(m, line, 'terms_changed', now)
  line.window_until_ms = 0
  line.terms = line.terms + 1
  line.dirty = true
  if line ~= p then p.terms = p.terms + 1 end
end

local function ask_consent(m, p, now)
  local deadline = math.min(now + setting(m, 'consent_ms'), math.max(p.start_ms, now + 1))
  each_entry(m, p, function(profile, e)
    local s = e.assignment
    if BEFORE_WORK[s] then
      if booked(m, profile, p.start_ms, p.end_ms, p.id) then
        vacate(m, p, profile, e, 'released', 'amend', now)
      else
        if s ~= 'consent_due' then e.before_consent = s end
        e.assignment = 'consent_due'
        e.consent_deadline_ms = deadline
        book(m, profile, p)
        put_entry(p, profile, e)
        notify(m, profile, 'consent_due', p.id, now)
        set_timer(m, 'consent', p.id, deadline)
      end
    end
  end)
end

operation('amend', function(m, a, now)
  local p = find_posting(m, a[1], now)
  if not p then return refuse('no_posting') end
  if redis.call('HGET', m .. 'posting:' .. p.id, 'digest') == a[3] then
    return { ok = true, v = p.v, state = p.state, replay = true }
  end
  local named, seen = {}, {}
  for i = 17, #a do
    if not seen[a[i]] then named[#named + 1] = a[i] end
    seen[a[i]] = true
  end
  local material = is_material(p, a)
  local no = amend_refusal(m, p, a, named, material)
  if no then return no end
  p.headcount, p.valid_until_ms, p.standby_target = tonumber(a[8]), tonumber(a[11]), tonumber(a[12])
  p.start_ms, p.end_ms = tonumber(a[9]), tonumber(a[10])
  redis.call('HSET', m .. 'posting:' .. p.id, 'digest', a[3], 'schema', a[4], 'doc', a[5], 'vec', a[6], 'model', a[7],
    'review_reason', a[15], 'crews', a[16])
  for _, profile in ipairs(named) do vacate(m, p, profile, get_entry(m, p, profile), 'released', 'employer', now) end
  if material then
    p.held = 0 -- its review knew how hot it gets
    change_terms(m, p, now)
    ask_consent(m, p, now)
    if p.bound then write_days(m, p.whole, p.bound) end
  end
  if p.state == 'blocked' then
    p.state = 'draft'
  elseif p.state == 'open' and a[14] == '1' then
    p.state = 'awaiting_review'
    withdraw_open_offers(m, leader(p), now)
  end
  settle(m, p, now)
  set_timer(m, 'expire', p.id, p.valid_until_ms)
  set_timer(m, 'complete', p.id, p.end_ms + setting(m, 'unmarked_ms'))
  commit(m, p, 'posting.amended')
  return { ok = true, v = p.v, state = p.state, replay = false }
end)

on_due.consent = function(m, p, now) -- who has not consented by the deadline is released, without penalty
  local next_ms
  each_entry(m, p, function(profile, e)
    if e.assignment == 'consent_due' then
      if e.consent_deadline_ms <= now then
        vacate(m, p, profile, e, 'released', 'amend', now)
      elseif not next_ms or e.consent_deadline_ms < next_ms then
        next_ms = e.consent_deadline_ms
      end
    end
  end)
  if next_ms then set_timer(m, 'consent', p.id, next_ms) end
  if #p.who > 0 then
    settle(m, p, now)
    commit(m, p, 'posting.consent_lapsed')
  end
end
