-- Penalties: what a late release, a no-show or a late withdrawal leaves behind. Each is worth points that halve with time;
-- above a limit new offers (of a worker) or unseen postings (of an employer) pause until the sum has decayed to it.
-- The arithmetic is that of matcher/penalties.py.
--   m penalties:ROLE:ID   hash   'KIND.POSTING' -> msgpack { kind, posting, at_ms, points, state, appeal, decision }
--   m appeals             zset   'ROLE ID KIND.POSTING' -> when it was appealed; those that wait for a clerk
-- States: counts -> appealed -> upheld or lifted, and between the last two as often as a clerk decides.
local TOO_MANY = '临时退出或未到岗较多,暂停派单,到期自动恢复;有不同意见可以申诉'
local HALF_LIVES_KEPT = 10 -- a thousandth is left

local function penalty_key(m, role, id)
  return m .. 'penalties:' .. role .. ':' .. id
end

local function each_penalty(m, role, id, visit)
  local flat = redis.call('HGETALL', penalty_key(m, role, id))
  for i = 1, #flat, 2 do visit(flat[i], cmsgpack.unpack(flat[i + 1])) end
end

local function get_penalty(m, role, id, name)
  local raw = redis.call('HGET', penalty_key(m, role, id), name)
  return raw and cmsgpack.unpack(raw) or nil
end

local function put_penalty(m, role, id, name, penalty)
  redis.call('HSET', penalty_key(m, role, id), name, cmsgpack.pack(penalty))
end

local function log2(x)
  return math.log(x) / math.log(2)
end

local function suspend_for(m, role, id, until_ms, now)
  local record = redis.call('HMGET', m .. role .. ':' .. id, 'suspended_until_ms', 'suspended_reason')
  local is, ours = tonumber(record[1]) or 0, record[2] == TOO_MANY
  if role == 'profile' then
    if until_ms > is + 1000 or (ours and is > now and until_ms < is - 1000) then
      suspend_profile(m, id, until_ms, until_ms > now and TOO_MANY or '', now)
    end
  else
    redis.call('HSET', m .. 'employer:' .. id, 'suspended_until_ms', until_ms)
  end
end

local function weigh(m, role, id, kind, now) -- what all of them are worth now; writes the record and its event
  local half_life, sum = setting(m, 'penalty_half_life_ms'), 0
  each_penalty(m, role, id, function(_, one)
    if one.state ~= 'lifted' then sum = sum + one.points * 2 ^ ((one.at_ms - now) / half_life) end
  end)
  local one_ms = sum > 0 and math.floor(now + half_life * log2(sum)) or 0
  local until_ms = sum > 0 and math.ceil(now + half_life * log2(sum / setting(m, 'penalty_limit'))) or 0
  local key = m .. role .. ':' .. id
  if redis.call('EXISTS', key) == 0 then return end -- erased in the meantime
  redis.call('HSET', key, 'penalty_one_ms', one_ms)
  add_event(m, role .. '.' .. kind, id, redis.call('HINCRBY', key, 'v', 1))
  suspend_for(m, role, id, until_ms > now and until_ms or 0, now)
end

local function penalise(m, role, id, kind, posting, now)
  local points, name = setting(m, 'penalty_' .. kind), kind .. '.' .. posting
  if points == 0 or redis.call('HEXISTS', penalty_key(m, role, id), name) == 1 then return end
  local old = now - HALF_LIVES_KEPT * setting(m, 'penalty_half_life_ms')
  each_penalty(m, role, id, function(other, one)
    if one.at_ms < old then redis.call('HDEL', penalty_key(m, role, id), other) end
  end)
  put_penalty(m, role, id, name,
    { kind = kind, posting = posting, at_ms = now, points = points, state = 'counts', appeal = '', decision = '' })
  weigh(m, role, id, 'penalised', now)
  if role == 'profile' then notify(m, id, 'penalised', posting, now) end
end

local function is_late(m, p, now)
  return p.start_ms - now < setting(m, 'late_within_ms')
end
