-- erase: whatever says who somebody is, and their profile. Entries at postings stay, under a pseudonym that leads nowhere
-- any more. It waits while they wait for a seat, hold one, have not been paid or complain about pay: until then they get
-- no offers, and whoever asks again (server/retention.py) finds out whether it can be done.
--   m erasures   zset     profile -> when it was asked for
--   m erased     string   how often somebody, or a list's row of theirs, has been erased: the files of the store are
--                         rewritten after it
-- Whose deletion nobody has told the audit log yet (`by` is given) is told in the same step.
-- KEYS m   ARGV profile, by ('' = told already), why   -> state: erased, or waiting (and v: the profile's version)
local UNFINISHED = { seated = true, confirmed = true, consent_due = true, checked_in = true, done = true }

local function is_unfinished(m, profile)
  if has_open_wage_case(m, profile) then return true end
  for _, id in ipairs(redis.call('ZRANGE', m .. 'mine:' .. profile, 0, -1)) do
    local e = get_entry(m, known_posting(id, {}), profile)
    if e and UNFINISHED[e.assignment] then return true end
  end
  return false
end

local function cut_ties(m, profile)
  for _, employer in ipairs(redis.call('SMEMBERS', m .. 'employers_of:' .. profile)) do
    put_tie(m, employer, profile, { done = 0, favourite = false })
  end
end

local function forget_merged_rows(m, profile) -- they were kept, sealed, for the case that they are somebody else's
  for _, member in ipairs(redis.call('SMEMBERS', m .. 'merged:' .. profile)) do
    local kept = 'm.' .. string.match(member, '(%S+)$')
    redis.call('DEL', m .. 'kept:' .. kept)
    redis.call('ZREM', m .. 'merges', kept)
  end
end

local function forget_messages(m, marks) -- that wait to be sent to them; the few that wait are looked through
  local theirs = {}
  for _, mark in ipairs(words_of(marks)) do theirs[mark] = true end
  for _, id in ipairs(redis.call('ZRANGE', m .. 'outbox', 0, -1)) do
    if theirs[redis.call('HGET', m .. 'message:' .. id, 'to')] then
      redis.call('DEL', m .. 'message:' .. id)
      redis.call('ZREM', m .. 'outbox', id)
    end
  end
end

local function forget_penalties(m, profile)
  each_penalty(m, 'profile', profile, function(name)
    redis.call('ZREM', m .. 'appeals', 'profile ' .. profile .. ' ' .. name)
  end)
  redis.call('DEL', penalty_key(m, 'profile', profile))
end

operation('erase', function(m, a, now)
  local id = a[1]
  local known = redis.call('HMGET', m .. 'profile:' .. id, 'v', 'marks')
  if not known[1] then return refuse('no_profile') end
  stop_matching(m, id, '你申请了删除个人信息,手上的活了结后就删', now)
  if is_unfinished(m, id) then
    redis.call('ZADD', m .. 'erasures', 'NX', now, id)
    return { ok = true, v = tonumber(redis.call('HGET', m .. 'profile:' .. id, 'v')), state = 'waiting', replay = false }
  end
  cut_ties(m, id)
  forget_merged_rows(m, id)
  forget_rows_of(m, known[2])
  forget_messages(m, known[2])
  forget_penalties(m, id)
  forget_complaints(m, id)
  release_marks(m, id, known[2])
  remember_erased(m, known[2] or '', now)
  operations.end_sessions(m, { 'worker:' .. id })
  local v = tonumber(redis.call('HGET', m .. 'profile:' .. id, 'v')) + 1
  for _, kind in ipairs({ 'profile', 'person', 'calendar', 'live', 'mine', 'worker', 'inbox', 'crew_of', 'invited',
    'employers_of', 'merged' }) do
    redis.call('DEL', m .. kind .. ':' .. id)
  end
  redis.call('HDEL', m .. 'offers_today', id)
  redis.call('SREM', m .. 'ids:profile', id)
  redis.call('ZREM', m .. 'erasures', id)
  redis.call('INCR', m .. 'erased')
  add_event(m, 'profile.erased', id, v)
  if (a[2] or '') ~= '' then log_audit(m, now, a[2], 'erase_profile', id, a[3]) end
  return { ok = true, v = v, state = 'erased', replay = false }
end)
