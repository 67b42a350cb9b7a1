-- appeal: a worker or an employer objects to a penalty; it counts until a clerk has decided.
-- KEYS m   ARGV role (profile | employer), id, penalty, reason
operation('appeal', function(m, a, now)
  local role, id, name = a[1], a[2], a[3]
  local penalty = get_penalty(m, role, id, name)
  if not penalty then return refuse('no_penalty') end
  if penalty.state == 'appealed' and penalty.appeal == a[4] then return { ok = true, replay = true } end
  if penalty.state ~= 'counts' then return refuse('illegal_move', penalty.state .. ' -> appealed') end
  penalty.state, penalty.appeal = 'appealed', a[4]
  put_penalty(m, role, id, name, penalty)
  redis.call('ZADD', m .. 'appeals', now, table.concat({ role, id, name }, ' '))
  weigh(m, role, id, 'appealed', now)
  return { ok = true, replay = false }
end)

-- decide: a clerk lifts a penalty, or lets it stand; a later decision may be another.
-- KEYS m   ARGV role (profile | employer), id, penalty, to (lifted | upheld), reason
local COUNTER = { no_show = 'no_shows', late_release = 'releases' }

operation('decide', function(m, a, now)
  local role, id, name, to = a[1], a[2], a[3], a[4]
  local penalty = get_penalty(m, role, id, name)
  if not penalty then return refuse('no_penalty') end
  if penalty.state == to and penalty.decision == a[5] then return { ok = true, replay = true } end
  local counter = role == 'profile' and COUNTER[penalty.kind]
  if counter and (penalty.state == 'lifted') ~= (to == 'lifted') then
    redis.call('HINCRBY', m .. 'profile:' .. id, counter, to == 'lifted' and -1 or 1)
  end
  penalty.state, penalty.decision = to, a[5]
  put_penalty(m, role, id, name, penalty)
  redis.call('ZREM', m .. 'appeals', table.concat({ role, id, name }, ' '))
  weigh(m, role, id, 'appeal_decided', now)
  if role == 'profile' then notify(m, id, 'appeal_decided', penalty.posting, now) end
  return { ok = true, replay = false }
end)
