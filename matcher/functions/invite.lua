-- invite: one more person is asked to join a crew.   KEYS m   ARGV crew, profile
operation('invite', function(m, a, now)
  local crew, profile = get_crew(m, a[1]), a[2]
  if not crew then return refuse('no_crew') end
  if crew.members[profile] then return { ok = true, v = crew.v, replay = true } end
  if redis.call('EXISTS', m .. 'profile:' .. profile) == 0 then return refuse('no_profile', profile) end
  if count(crew.members) >= CREW_MOST then return refuse('crew_full') end
  invite(m, crew, profile, now)
  put_crew(m, crew, 'crew.invited')
  return { ok = true, v = crew.v, replay = false }
end)
