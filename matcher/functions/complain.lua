-- Complaints (投诉): what a worker objects to, and what a clerk answers. Both texts are sealed by the server.
--   m complaint:ID            hash   v, profile, posting, category, text, digest, at_ms, and once answered: answer,
--                                    answer_digest, answered_ms, answered_by; kept `history_kept_ms` from then on
--   m complaints              zset   ID -> when it was made: those that wait for a clerk
--   m complaints_of:PROFILE   zset   ID -> when it was made
local function each_complaint(m, profile, visit)
  for _, id in ipairs(redis.call('ZRANGE', m .. 'complaints_of:' .. profile, 0, -1)) do visit(id) end
end

local function has_open_wage_case(m, profile)
  local found = false
  each_complaint(m, profile, function(id)
    local is = redis.call('HMGET', m .. 'complaint:' .. id, 'category', 'answered_ms')
    found = found or (is[1] == 'pay' and not is[2])
  end)
  return found
end

local function forget_complaints(m, profile)
  each_complaint(m, profile, function(id)
    redis.call('DEL', m .. 'complaint:' .. id)
    redis.call('ZREM', m .. 'complaints', id)
  end)
  redis.call('DEL', m .. 'complaints_of:' .. profile)
end

-- complain: the same again replays.   KEYS m   ARGV id, profile, digest, category, posting ('' = none), text (sealed)
operation('complain', function(m, a, now)
  local id, profile, key = a[1], a[2], m .. 'complaint:' .. a[1]
  local known = redis.call('HMGET', key, 'digest', 'v')
  if known[1] then
    if known[1] ~= a[3] then return refuse('key_reused') end
    return { ok = true, v = tonumber(known[2]), replay = true }
  end
  if redis.call('EXISTS', m .. 'profile:' .. profile) == 0 then return refuse('no_profile') end
  if a[5] ~= '' and redis.call('EXISTS', m .. 'posting:' .. a[5]) == 0 then return refuse('no_posting') end
  redis.call('HSET', key, 'v', 1, 'profile', profile, 'digest', a[3], 'category', a[4], 'posting', a[5], 'text', a[6],
    'at_ms', now)
  redis.call('ZADD', m .. 'complaints', now, id)
  redis.call('ZADD', m .. 'complaints_of:' .. profile, now, id)
  add_event(m, 'complaint.made', id, 1, { profile })
  return { ok = true, v = 1, replay = false }
end)

-- answer_complaint: a later answer replaces the one before.   KEYS m   ARGV id, digest, answer (sealed), by
operation('answer_complaint', function(m, a, now)
  local id, key = a[1], m .. 'complaint:' .. a[1]
  local known = redis.call('HMGET', key, 'v', 'profile', 'posting', 'answer_digest')
  if not known[1] then return refuse('no_complaint') end
  if known[4] == a[2] then return { ok = true, v = tonumber(known[1]), replay = true } end
  local v = redis.call('HINCRBY', key, 'v', 1)
  redis.call('HSET', key, 'answer_digest', a[2], 'answer', a[3], 'answered_by', a[4],
    'answered_ms', now)
  local kept_ms = setting(m, 'history_kept_ms')
  redis.call('PEXPIRE', key, kept_ms)
  redis.call('ZREM', m .. 'complaints', id)
  local profile = known[2]
  notify(m, profile, 'complaint_answered', known[3], now)
  add_event(m, 'complaint.answered', id, v, { profile })
  return { ok = true, v = v, replay = false }
end)
