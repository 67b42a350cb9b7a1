-- Ties: what a worker and an employer have to do with each other: shifts done there, marked as a favourite, blocks.
--   m people_of:EMPLOYER    hash   profile -> tie (msgpack): done, last_work_ms, favourite (of the employer),
--                                  worker_favourite, worker_block, employer_block
--   m employers_of:PROFILE  set    the employers with such a tie
--   m ties_v                hash   employer -> version of its ties
-- A block is { at_ms, reason } of the side that set it; neither side is told of the other's.
local function get_tie(m, employer, profile)
  local raw = redis.call('HGET', m .. 'people_of:' .. employer, profile)
  return raw and cmsgpack.unpack(raw) or { done = 0, last_work_ms = 0, favourite = false }
end

local function put_tie(m, employer, profile, tie) -- a tie that says nothing any more is gone
  if tie.done > 0 or tie.favourite or tie.worker_favourite or tie.worker_block or tie.employer_block then
    redis.call('HSET', m .. 'people_of:' .. employer, profile, cmsgpack.pack(tie))
    redis.call('SADD', m .. 'employers_of:' .. profile, employer)
  else
    redis.call('HDEL', m .. 'people_of:' .. employer, profile)
    redis.call('SREM', m .. 'employers_of:' .. profile, employer)
  end
  local v = redis.call('HINCRBY', m .. 'ties_v', employer, 1)
  add_event(m, 'ties.changed', employer, v, { profile })
  return v
end

local function ties_v(m, employer)
  return tonumber(redis.call('HGET', m .. 'ties_v', employer)) or 0
end

local function blocked_with(m, employer, profiles) -- profile -> true for those who are blocked, by whichever side
  local blocked = {}
  for i, raw in ipairs(values_of(m .. 'people_of:' .. employer, profiles)) do
    local tie = raw and cmsgpack.unpack(raw)
    blocked[profiles[i]] = tie and (tie.worker_block or tie.employer_block) and true
  end
  return blocked
end

local function no_pair(m, employer, profile)
  if redis.call('EXISTS', m .. 'employer:' .. employer) == 0 then return refuse('no_employer') end
  if redis.call('EXISTS', m .. 'profile:' .. profile) == 0 then return refuse('no_profile') end
end
