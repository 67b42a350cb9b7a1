-- accept: a worker's yes, appended to the posting's ordered list; then settled as the award mode says. Of a crew that
-- stays together the last yes appends all of them; a yes before that gathers.
-- The same offer accepted again answers with what became of it.
-- KEYS m   ARGV posting, profile, terms, channel through which the yes came ('' = not said)
local MINE_KEPT_MS = 30 * 86400000 -- pay is due within 15 days; older shifts are history
local OFFER_ENDED = { declined = 'offer_declined', withdrawn = 'offer_withdrawn', expired = 'offer_expired' }

local function acceptance_answer(p, e, replay)
  return { ok = true, v = p.v, acceptance = e.acceptance, assignment = e.assignment, order = e.order,
    window_until_ms = p.window_until_ms, replay = replay }
end

local function join_line(m, p, profile, e) -- the last place of the line
  p.orders = p.orders + 1
  e.order = p.orders
  redis.call('ZADD', m .. 'queue:' .. p.id, e.order, profile)
  move_acceptance(m, p, profile, e, 'waiting')
  put_entry(p, profile, e)
end

local function open_window(m, p, now)
  if p.award == 'fair' and open_seats(p) > 0 and p.window_until_ms == 0 then
    p.window_until_ms = math.min(now + setting(m, 'window_ms'), p.start_ms, p.valid_until_ms)
    set_timer(m, 'settle', p.id, p.window_until_ms)
  end
end

operation('accept', function(m, a, now)
  local p, profile = find_posting(m, a[1], now), a[2]
  if not p then return refuse('no_posting') end
  local e = get_entry(m, p, profile)
  if not e then return refuse('no_offer') end
  if e.terms ~= tonumber(a[3]) then return refuse('offer_withdrawn') end
  if e.offer == 'accepted' then return acceptance_answer(p, e, true) end
  if OFFER_ENDED[e.offer] then return refuse(OFFER_ENDED[e.offer]) end
  if e.deadline_ms <= now then return refuse('offer_expired') end
  if not all_open(p) or p.valid_until_ms <= now then
    return refuse('posting_not_open', p.state)
  end

  local record = redis.call('HMGET', m .. 'profile:' .. profile, 'last_work_ms', 'presence', 'presence_until_ms',
    'queue_no', 'suspended_until_ms')
  if is_suspended(record[5], now) then return refuse('suspended') end
  end_offer(m, p, profile, e, 'accepted')
  put_entry(p, profile, e)
  if window_over(p, now) then settle(m, p, now) end -- those who came in time are seated first
  e.answered_ms, e.answered_by, e.last_work_ms = now, a[4], tonumber(record[1]) or 0
  if record[2] == 'in_hall' and tonumber(record[3]) > now then e.queue_no = tonumber(record[4]) end
  redis.call('ZREMRANGEBYSCORE', m .. 'mine:' .. profile, '-inf', now - MINE_KEPT_MS)
  redis.call('ZADD', m .. 'mine:' .. profile, p.end_ms, p.id)
  redis.call('HDEL', m .. 'worker:' .. profile, 'timeouts')
  if crew_is_whole(m, p, e) then
    each_mate(m, p, e, function(mate, its) join_line(m, p, mate, its) end)
    join_line(m, p, profile, e)
    open_window(m, p, now)
    settle(m, p, now)
  else
    move_acceptance(m, p, profile, e, 'gathering')
    put_entry(p, profile, e)
  end
  commit(m, p, 'posting.accepted')
  return acceptance_answer(p, get_entry(m, p, profile), false)
end)
