-- join_crew: somebody who was invited consents to be offered work with this crew.   KEYS m   ARGV crew, profile
operation('join_crew', function(m, a)
  local crew, profile = get_crew(m, a[1]), a[2]
  if not crew then return refuse('no_crew') end
  if not crew.members[profile] then return refuse('not_invited') end
  if crew.members[profile] == 'consented' then return { ok = true, v = crew.v, replay = true } end
  local no = no_crew_for(m, profile)
  if no then return no end
  crew.members[profile] = 'consented'
  redis.call('SREM', m .. 'invited:' .. profile, crew.id)
  redis.call('SET', m .. 'crew_of:' .. profile, crew.id)
  put_crew(m, crew, 'crew.joined')
  return { ok = true, v = crew.v, replay = false }
end)
