-- leave_crew: somebody declines an invitation or takes their consent back. When the leader leaves, the crew is dissolved.
-- What the crew was offered or waits for together is withdrawn; seats that were given stay.   KEYS m   ARGV crew, profile
local function leave_line(m, crew, profile, now)
  local postings = redis.call('ZRANGE', m .. 'live:' .. profile, 0, -1)
  for _, id in ipairs(redis.call('ZRANGE', m .. 'mine:' .. profile, 0, -1)) do postings[#postings + 1] = id end
  for _, id in ipairs(postings) do
    local p = find_posting(m, id, now)
    local e = p and get_entry(m, p, profile)
    if e and e.together and e.crew == crew.id and (e.offer == 'open' or is_waiting(e)) then
      if e.offer == 'open' then
        end_offer(m, p, profile, e, 'withdrawn')
      else
        move_acceptance(m, p, profile, e, 'withdrawn')
        e.ended_by = 'worker'
      end
      put_entry(p, profile, e)
      part_crew(m, p, e, now)
      settle(m, p, now)
      commit(m, p, 'posting.acceptance_withdrawn')
    end
  end
end

local function leave_crew(m, crew, profile, now)
  if crew.members[profile] == 'consented' then
    redis.call('DEL', m .. 'crew_of:' .. profile)
    leave_line(m, crew, profile, now)
  else
    redis.call('SREM', m .. 'invited:' .. profile, crew.id)
  end
  crew.members[profile] = nil
end

local function dissolve(m, crew, now)
  crew.v = crew.v + 1
  crew_event(m, crew, 'crew.erased')
  for profile in pairs(crew.members) do leave_crew(m, crew, profile, now) end
  redis.call('DEL', m .. 'crew:' .. crew.id)
  redis.call('SREM', m .. 'ids:crew', crew.id)
end

operation('leave_crew', function(m, a, now)
  local crew, profile = get_crew(m, a[1]), a[2]
  if not crew then return refuse('no_crew') end
  if not crew.members[profile] then return { ok = true, v = crew.v, replay = true } end
  if profile == crew.leader then
    dissolve(m, crew, now)
  else
    leave_crew(m, crew, profile, now)
    put_crew(m, crew, 'crew.left')
  end
  return { ok = true, v = crew.v, replay = false }
end)
