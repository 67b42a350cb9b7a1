-- give_consent: the person consents to a text, named in the sealed person. After a withdrawal, or a wish to be erased that
-- still waits, things are as they were before it.
-- KEYS m   ARGV profile, person (sealed), person_mark
operation('give_consent', function(m, a, now)
  local id = a[1]
  local key = m .. 'profile:' .. id
  local known = redis.call('HMGET', key, 'v', 'withdrawn_ms', 'before_until_ms', 'before_reason', 'person_mark')
  if not known[1] then return refuse('no_profile') end
  local replay = not known[2] and known[5] == a[3]
  if replay then return { ok = true, v = tonumber(known[1]), replay = true } end
  redis.call('SET', m .. 'person:' .. id, a[2])
  redis.call('ZREM', m .. 'erasures', id)
  change_profile(m, id, 'profile.consented', 'person_mark', a[3], 'seen_ms', now)
  if known[2] then
    redis.call('HDEL', key, 'withdrawn_ms', 'before_until_ms', 'before_reason')
    change_profile(m, id, 'profile.suspended', 'suspended_until_ms', known[3], 'suspended_reason', known[4])
    weigh(m, 'profile', id, 'penalised', now) -- what came in the meantime counts
  end
  return { ok = true, v = tonumber(redis.call('HGET', key, 'v')), replay = false }
end)
