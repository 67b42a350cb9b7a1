-- form_crew: a new crew under an id of the caller's; its leader has consented, the others are invited.
-- KEYS m   ARGV crew, leader, digest, profiles invited ...
operation('form_crew', function(m, a, now)
  local known = redis.call('HMGET', m .. 'crew:' .. a[1], 'digest', 'v')
  if known[1] then
    if known[1] ~= a[3] then return refuse('key_reused') end
    return { ok = true, v = tonumber(known[2]), replay = true }
  end
  local no = no_crew_for(m, a[2])
  if no then return no end
  local crew = { id = a[1], v = 0, leader = a[2], members = { [a[2]] = 'consented' } }
  local invited = {}
  for i = 4, #a do
    if redis.call('EXISTS', m .. 'profile:' .. a[i]) == 0 then return refuse('no_profile', a[i]) end
    invited[a[i]] = a[i] ~= crew.leader or nil
  end
  if count(invited) >= CREW_MOST then return refuse('crew_full') end
  for profile in pairs(invited) do invite(m, crew, profile, now) end
  redis.call('HSET', m .. 'crew:' .. crew.id, 'digest', a[3])
  redis.call('SET', m .. 'crew_of:' .. crew.leader, crew.id)
  redis.call('SADD', m .. 'ids:crew', crew.id)
  put_crew(m, crew, 'crew.formed')
  return { ok = true, v = crew.v, replay = false }
end)
