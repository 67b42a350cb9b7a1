-- What every operation uses: keys, refusals, the posting and its entries, messages, events and timers.
-- Keys (m is the market's prefix, '{qingdao}:', whose braces put all of them in one cluster slot):
--   m settings            hash    market settings; written when the library is loaded
--   m posting:ID          hash    the record: doc (msgpack), vec, model, schema, digest, state and the like; counts: all of its
--                                 numbers (msgpack), in the order of COUNTS (matcher/records.py)
--   m offers:POSTING      hash    profile -> entry (msgpack): offer, acceptance and assignment of one person
--   m seeds:POSTING       string  the seeds of a fair award's rounds to come, 32 bytes each (matcher/draw.py)
--   m queue:POSTING       zset    the ordered list of acceptances that wait: waiting, standby, called
--   m profile:ID          hash    the record: doc, vec, model, schema, v, digest, presence, counters
--   m person:ID           string  the sealed person
--   m employer:ID         hash    doc, schema, v, digest, verified, contact (sealed), suspended_until_ms; site:ID, heat:ID alike
--   m calendar:PROFILE    hash    posting -> 'start end' of every shift held
--   m live:PROFILE        zset    posting -> deadline of every open offer
--   m mine:PROFILE        zset    posting -> end of every posting accepted
--   m calls               zset    posting -> last deadline of its offers by telephone: where the clerk's call list looks
--   m offers_today        hash    profile -> offers made today; ends at local midnight
--   m worker:PROFILE      hash    seq (last message), timeouts (in a row)
--   m inbox:PROFILE       list    the last messages, newest first
--   m people_of:EMPLOYER  hash    profile -> tie: shifts done there, favourite, blocks; employers_of:PROFILE set (ties.lua)
--   m marks               hash    mark -> ids of the records that have it (marks.lua)
--   m rows:SOURCE         hash    row -> what became of it (rows.lua)
--   m ingest              stream  batches of rows that wait for being taken in; run:ID hash, kept:ID hash (intake.lua)
--   m due                 zset    what has to happen when: 'settle:POSTING', 'wave:POSTING', ...
--   m events              stream  what changed
--   m settings_v          string  version of the settings
--   m event_seq           string  number of the last event: a reader that misses one sees the gap
--   m session:HASH        hash    a log-in under the SHA-256 of its token, and of its first (login); expires by itself
--   m sessions_of:WHO     zset    hash -> end of every session of 'ROLE:SUBJECT'
--   m staff:NAME          hash    account of a clerk or manager: role, password (argon2id), stamp (each change has
--                                 another), sealed TOTP secret or the pending one (accounts.lua)
--   m kiosk:ID            hash    site, card_reader
--   m logins:HASH         set     employers that a telephone may log in for
--   m code:HASH, ticket:SITE:NO, totp_used:NAME:STEP, rate:NAME:WHO, queue_no:SITE:DAY   what the doors count; all expire
--   m called:SITE         hash    day, highest, and the last queue numbers called aloud; expires (call_number.lua)
--   m outbox, message:ID  zset, hash   short messages that wait to be sent, sealed; `to` is the telephone's mark
--   m complaint:ID        hash    a complaint; complaints zset, complaints_of:PROFILE zset (complain.lua)
--   m erasures            zset    profiles that wait for being erased (erase.lua)
--   m ids:KIND            set     ids of all records of a kind
--   m in:STATE            set     ids of the postings in a state
--   m postings_of:EMPLOYER set    ids of an employer's postings
-- Every operation validates before its first write: a refusal leaves nothing behind.

local MESSAGES_KEPT = 20
local ENDED = { closed = true, withdrawn = true, expired = true }

local operations = {} -- name -> function(m, args, now), for operations that are made of others
local on_due = {} -- timer kind -> function(m, posting, now), filled by the operations that set such timers

local settings_read = {} -- what this call has read; emptied when an operation begins

local function setting(m, name)
  if not settings_read[name] then settings_read[name] = tonumber(redis.call('HGET', m .. 'settings', name)) end
  return settings_read[name]
end

local function operation(name, run)
  operations[name] = run
  redis.register_function('kz_' .. name, function(keys, args)
    local m = keys[1]
    settings_read = {}
    if not setting(m, 'events_kept') then -- an emptied store: stop before anything is half done
      return redis.error_reply('NOSETTINGS the market has to be loaded first')
    end
    return cmsgpack.pack(run(m, args, now_ms(m)))
  end)
end

local AT_ONCE = 2000 -- values passed to one call, an even number; Lua's stack ends at 8,000

local function values_of(key, fields) -- of a hash, in the order of the fields; false where there is none
  local found = {}
  for i = 1, #fields, AT_ONCE do
    local some = redis.call('HMGET', key, unpack(fields, i, math.min(#fields, i + AT_ONCE - 1)))
    for _, value in ipairs(some) do found[#found + 1] = value end
  end
  return found
end

local function set_values(key, row) -- of a hash: fields and values in turn
  for i = 1, #row, AT_ONCE do redis.call('HSET', key, unpack(row, i, math.min(#row, i + AT_ONCE - 1))) end
end

local function refuse(code, detail)
  return { no = code, detail = detail or '' }
end

-- posting ---------------------------------------------------------------------------------------------------------

local PLACE = {} -- of a number among the counts
for i = 1, #COUNTS do PLACE[COUNTS[i]] = i end

local FROM_STORE = { __index = function(p, name) -- a number that the operation has not set is as it is in the store
  local i = PLACE[name]
  return i and (p.counts[i] or 0)
end }

-- What an operation knows of a posting: its `counts` in the store, `entries` that were read (false: there is none) or put,
-- those `unwritten`, and `who` the event names.
local function known_posting(id, counts)
  return setmetatable({ id = id, counts = counts, entries = {}, unwritten = {}, who = {}, seen = {} }, FROM_STORE)
end

local function counts_apart(key) -- of a posting last written when each number was a field of the hash
  local counts = redis.call('HMGET', key, unpack(COUNTS))
  for i, n in ipairs(counts) do counts[i] = tonumber(n) or 0 end
  return counts
end

local function get_posting(m, id)
  local key = m .. 'posting:' .. id
  local f = redis.call('HMGET', key, 'state', 'counts', 'award', 'employer', 'crews', 'whole', 'series')
  if not f[1] then return nil end
  local p = known_posting(id, f[2] and cmsgpack.unpack(f[2]) or counts_apart(key))
  p.state, p.was, p.award, p.employer, p.crews = f[1], f[1], f[3], f[4], f[5]
  p.whole, p.series = f[6] and f[6] ~= '' and f[6], f[7] or ''
  return p
end

local function involve(p, profile) -- this profile's entry changed and the event must say so
  if not p.seen[profile] then
    p.seen[profile] = true
    p.who[#p.who + 1] = profile
  end
end

local function add_event(m, kind, id, v, who)
  redis.call('XADD', m .. 'events', 'MAXLEN', '~', setting(m, 'events_kept'), '*',
    'seq', redis.call('INCR', m .. 'event_seq'), 'kind', kind, 'id', id, 'v', v, 'who', table.concat(who or {}, ' '))
end

local function write_entries(m, p)
  local row = {}
  for _, profile in ipairs(p.who) do
    if p.unwritten[profile] then
      row[#row + 1] = profile
      row[#row + 1] = cmsgpack.pack(p.unwritten[profile])
    end
  end
  set_values(m .. 'offers:' .. p.id, row)
  p.unwritten = {}
end

local function write_posting(m, p, kind) -- what has changed of it and of its entries, and the event: one atomic step
  write_entries(m, p)
  p.v = p.v + 1
  local counts = p.counts
  for i = 1, #COUNTS do counts[i] = rawget(p, COUNTS[i]) or counts[i] or 0 end
  redis.call('HSET', m .. 'posting:' .. p.id, 'counts', cmsgpack.pack(counts), 'state', p.state)
  if p.was ~= p.state then
    if p.was then redis.call('SREM', m .. 'in:' .. p.was, p.id) end
    redis.call('SADD', m .. 'in:' .. p.state, p.id)
  end
  add_event(m, kind, p.id, p.v, p.who)
end

local function commit(m, p, kind) -- the posting, and the days of its series that have changed with it (series.lua)
  write_posting(m, p, kind)
  for _, day in ipairs(p.bound or {}) do
    if day ~= p and (day.dirty or #day.who > 0 or day.state ~= day.was) then
      local ended = ENDED[day.state] and day.state ~= day.was
      write_posting(m, day, 'posting.' .. (ended and day.state or 'settled'))
    end
  end
end

-- Entries: within one operation each is one table, whoever asks for it; what is put is written with the posting.
local function take_entry(p, profile, raw)
  if p.entries[profile] == nil then p.entries[profile] = raw and cmsgpack.unpack(raw) end
  return p.entries[profile] or nil
end

local function get_entry(m, p, profile)
  local raw = p.entries[profile] == nil and redis.call('HGET', m .. 'offers:' .. p.id, profile)
  return take_entry(p, profile, raw)
end

local function read_entries(m, p, profiles) -- at once, for those who will ask for them
  for i, raw in ipairs(values_of(m .. 'offers:' .. p.id, profiles)) do take_entry(p, profiles[i], raw) end
end

local function put_entry(p, profile, e)
  p.entries[profile], p.unwritten[profile] = e, e
  involve(p, profile)
end

local function each_entry(m, p, visit)
  write_entries(m, p)
  local flat = redis.call('HGETALL', m .. 'offers:' .. p.id)
  for i = 1, #flat, 2 do visit(flat[i], take_entry(p, flat[i], flat[i + 1])) end
end

-- timers ----------------------------------------------------------------------------------------------------------

local function set_timer(m, kind, id, at_ms)
  redis.call('ZADD', m .. 'due', at_ms, kind .. ':' .. id)
end

local function hasten_timer(m, kind, id, at_ms) -- sets it, or moves it earlier; never later
  redis.call('ZADD', m .. 'due', 'LT', at_ms, kind .. ':' .. id)
end

-- people ----------------------------------------------------------------------------------------------------------

local function notify(m, profile, kind, posting, now)
  local seq = redis.call('HINCRBY', m .. 'worker:' .. profile, 'seq', 1)
  redis.call('LPUSH', m .. 'inbox:' .. profile,
    cmsgpack.pack({ seq = seq, at_ms = now, kind = kind, posting = posting }))
  redis.call('LTRIM', m .. 'inbox:' .. profile, 0, MESSAGES_KEPT - 1)
end

local function booked(m, profile, start_ms, end_ms, except) -- does another shift overlap [start, end)?
  local flat = redis.call('HGETALL', m .. 'calendar:' .. profile)
  for i = 1, #flat, 2 do
    if flat[i] ~= except then
      local from, till = string.match(flat[i + 1], '^(%d+) (%d+)$')
      if tonumber(from) < end_ms and start_ms < tonumber(till) then return true end
    end
  end
  return false
end

local function book(m, profile, p)
  redis.call('HSET', m .. 'calendar:' .. profile, p.id, string.format('%.0f %.0f', p.start_ms, p.end_ms))
end

local function unbook(m, profile, p)
  redis.call('HDEL', m .. 'calendar:' .. profile, p.id)
end

local function change_profile(m, profile, kind, ...) -- sets fields, raises the version, writes the event
  if redis.call('EXISTS', m .. 'profile:' .. profile) == 0 then return end -- erased in the meantime
  redis.call('HSET', m .. 'profile:' .. profile, ...)
  local v = redis.call('HINCRBY', m .. 'profile:' .. profile, 'v', 1)
  add_event(m, kind, profile, v)
end

local function has_withdrawn(m, profile) -- the consent (withdraw_consent.lua)
  return redis.call('HEXISTS', m .. 'profile:' .. profile, 'withdrawn_ms') == 1
end

local function count_on_profile(m, profile, field, kind)
  local n = tonumber(redis.call('HGET', m .. 'profile:' .. profile, field)) or 0
  change_profile(m, profile, kind, field, n + 1)
end
