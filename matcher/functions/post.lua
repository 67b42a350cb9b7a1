-- post: a new posting under an id of the caller's. Opens at once only for a verified employer, without a
-- warning and without too many late withdrawals.
-- KEYS m   ARGV id, digest, schema, doc, vec, model, employer, verdict (open | awaiting_review | blocked | draft), reason,
--          award, headcount, start_ms, end_ms, valid_until_ms, standby_target, seeds ('' = no draw), commitment,
--          marks ('' = none), apart (ids known to be other shifts), crews (none | whole | split),
--          series ('' = none)
-- A living posting with one of the marks: known_twin, with the ids; the caller compares and says which are apart.
local WITHDREW_LATE = '用工方近期临时撤回较多,需工作人员审核'

local function open_posting(m, p, now)
  p.state = 'open'
  if p.opened_ms == 0 then p.opened_ms = now end
end

local function too_late(p, now)
  return p.start_ms <= now or p.valid_until_ms <= now
end

local function post_answer(m, a, now) -- a refusal, or the answer of before; nil for a posting that can be written
  local known = get_posting(m, a[1])
  if known then
    if redis.call('HGET', m .. 'posting:' .. a[1], 'first_digest') ~= a[2] then return refuse('key_reused') end
    return { ok = true, v = known.v, state = known.state, replay = true }
  end
  if redis.call('EXISTS', m .. 'employer:' .. a[7]) == 0 then return refuse('no_employer') end
  if tonumber(a[12]) <= now or tonumber(a[14]) <= now then return refuse('posting_past') end
  local twins = known_twins(m, 'posting', a[1], a[18] or '', a[19])
  if twins then return refuse('known_twin', twins) end
end

local function new_posting(m, a, now) -- written but for its fields and event
  local id, marks = a[1], a[18] or ''
  local p = known_posting(id, {})
  p.state, p.award = a[8], a[10]
  p.headcount, p.start_ms, p.end_ms = tonumber(a[11]), tonumber(a[12]), tonumber(a[13])
  p.valid_until_ms, p.standby_target, p.terms = tonumber(a[14]), tonumber(a[15]), 1
  local employer, reason = redis.call('HMGET', m .. 'employer:' .. a[7], 'verified', 'suspended_until_ms'), a[9]
  if p.state == 'open' and is_suspended(employer[2], now) then
    p.state, reason = 'awaiting_review', WITHDREW_LATE
  elseif p.state == 'open' and employer[1] ~= '1' then
    p.state = 'awaiting_review'
  end
  if p.state == 'open' then open_posting(m, p, now) end
  redis.call('HSET', m .. 'posting:' .. id, 'digest', a[2], 'first_digest', a[2], 'schema', a[3], 'doc', a[4],
    'vec', a[5], 'model', a[6], 'employer', a[7], 'award', a[10], 'review_reason', reason, 'commitment', a[17],
    'marks', marks, 'crews', a[20], 'series', a[21])
  if a[16] ~= '' then redis.call('SET', m .. 'seeds:' .. id, a[16]) end
  if a[21] ~= '' then redis.call('SADD', m .. 'days_of:' .. a[21], id) end
  claim_marks(m, 'posting', id, marks)
  redis.call('SADD', m .. 'ids:posting', id)
  redis.call('SADD', m .. 'postings_of:' .. a[7], id)
  set_timer(m, 'expire', id, p.valid_until_ms)
  set_timer(m, 'complete', id, p.end_ms + setting(m, 'unmarked_ms'))
  return p
end

operation('post', function(m, a, now)
  local answer = post_answer(m, a, now)
  if answer then return answer end
  local p = new_posting(m, a, now)
  commit(m, p, p.state == 'open' and 'posting.opened' or 'posting.posted')
  return { ok = true, v = p.v, state = p.state, replay = false }
end)
