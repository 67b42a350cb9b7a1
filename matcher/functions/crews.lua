-- Crews: a leader and members who have each consented, offered work together.
--   m crew:ID             hash    v, digest, leader, members (msgpack: profile -> 'invited' | 'consented')
--   m crew_of:PROFILE     string  the crew that somebody has consented to; one at a time
--   m invited:PROFILE     set     crews that wait for somebody's consent
-- Where a posting keeps crews together (整组), the members' entries carry the crew, `together` and their `mates`; they are
-- one unit of the line from the last member's yes on, and until then those who said yes are `gathering`. Where a crew may
-- be split (可拆), its members are offered the work together and everything after is each one's own.
local CREW_MOST = 10

local function get_crew(m, id)
  local f = redis.call('HMGET', m .. 'crew:' .. id, 'v', 'leader', 'members')
  return f[1] and { id = id, v = tonumber(f[1]), leader = f[2], members = cmsgpack.unpack(f[3]) } or nil
end

local function crew_event(m, crew, kind)
  local who = {}
  for profile in pairs(crew.members) do who[#who + 1] = profile end
  table.sort(who)
  add_event(m, kind, crew.id, crew.v, who)
end

local function put_crew(m, crew, kind)
  crew.v = crew.v + 1
  redis.call('HSET', m .. 'crew:' .. crew.id, 'v', crew.v, 'leader', crew.leader, 'members',
    cmsgpack.pack(crew.members))
  crew_event(m, crew, kind)
end

local function count(members)
  local n = 0
  for _ in pairs(members) do n = n + 1 end
  return n
end

local function invite(m, crew, profile, now)
  crew.members[profile] = 'invited'
  redis.call('SADD', m .. 'invited:' .. profile, crew.id)
  notify(m, profile, 'crew_invited', '', now)
end

local function no_crew_for(m, profile) -- why somebody cannot consent to a crew now
  if redis.call('EXISTS', m .. 'profile:' .. profile) == 0 then return refuse('no_profile', profile) end
  if redis.call('EXISTS', m .. 'crew_of:' .. profile) == 1 then return refuse('in_a_crew') end
end

-- at a posting ----------------------------------------------------------------------------------------------------

local function each_mate(m, p, e, visit) -- the others of a crew that stays together at this posting
  for _, mate in ipairs(e.together and e.mates or {}) do
    local its = get_entry(m, p, mate)
    if its and its.together and its.crew == e.crew and its.wave == e.wave then visit(mate, its) end
  end
end

local function crew_is_whole(m, p, e) -- everybody has said yes
  local whole = true
  each_mate(m, p, e, function(_, its) whole = whole and its.offer == 'accepted' and its.acceptance ~= 'withdrawn' end)
  return whole
end

local function part_crew(m, p, e, now) -- one is out before being seated: so are the others
  each_mate(m, p, e, function(mate, its)
    if its.offer == 'open' then
      end_offer(m, p, mate, its, 'withdrawn')
    elseif is_waiting(its) then
      move_acceptance(m, p, mate, its, 'withdrawn')
      its.ended_by = 'mate'
    else
      return
    end
    put_entry(p, mate, its)
    notify(m, mate, 'mate_left', p.id, now)
  end)
end

local function mate_left(m, p, e) -- somebody of a crew that was seated together has given the seat up
  local left = false
  each_mate(m, p, e, function(_, its) left = left or its.assignment == 'released' or its.assignment == 'no_show' end)
  return left
end

local function withdraw_open_offers(m, p, now)
  if p.open_offers <= 0 then return end
  each_entry(m, p, function(profile, e)
    if e.offer == 'open' then
      end_offer(m, p, profile, e, 'withdrawn')
      put_entry(p, profile, e)
      part_crew(m, p, e, now)
    end
  end)
end
