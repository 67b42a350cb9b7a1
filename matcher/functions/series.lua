-- Series: several postings, a day each, under one id. Each day is by itself (可选), or they are taken as a whole (全程).
--   m series:ID   string   of a 全程 series its living days in the order of their start (msgpack: ids)
-- Until its first day starts a 全程 series is one thing: its first day leads, holding offers, line and window for all of
-- them; who is seated is seated on every day or on none, and whatever ends a seat ends it on every day. Once the first
-- day has started each day is by itself, and a seat that opens is filled for that day alone.
-- While that lasts `p.bound` is the list of its days, the leading one first, the same tables for each of them.
local function bind(m, p, now)
  if not p.whole or p.begins_ms <= now then return p end
  local days = {}
  for _, id in ipairs(cmsgpack.unpack(redis.call('GET', m .. 'series:' .. p.whole))) do
    local day = id == p.id and p or get_posting(m, id)
    day.bound = days
    days[#days + 1] = day
  end
  return p
end

local function find_posting(m, id, now)
  local p = get_posting(m, id)
  return p and bind(m, p, now)
end

local function leader(p) -- the posting that holds the line
  return p.bound and p.bound[1] or p
end

local function days_of(p) -- every day that a seat of this line is for
  return p.bound or { p }
end

local function write_days(m, id, days) -- in order, with the moment at which each is by itself and may ask for people
  table.sort(days, function(a, b) return a.start_ms < b.start_ms end)
  local ids = {}
  for i, day in ipairs(days) do
    ids[i] = day.id
    day.whole, day.bound, day.dirty, day.begins_ms = id, days, true, days[1].start_ms
    if i > 1 then set_timer(m, 'wave', day.id, day.begins_ms) end
  end
  redis.call('SET', m .. 'series:' .. id, cmsgpack.pack(ids))
end

local function overlaps_day(p, start_ms, end_ms) -- of two days of a series that is taken as a whole
  for _, day in ipairs(p.bound or {}) do
    if day ~= p and day.start_ms < end_ms and start_ms < day.end_ms then return true end
  end
  return false
end

local function all_open(p)
  for _, day in ipairs(days_of(p)) do
    if day.state ~= 'open' and day.state ~= 'filled' then return false end
  end
  return true
end

local function open_seats(p) -- of a line: as many as every day has
  local seats = p.headcount - p.taken - p.called
  for _, day in ipairs(p.bound or {}) do seats = math.min(seats, day.headcount - day.taken - p.called) end
  return seats
end

local function is_busy(m, p, profile) -- booked elsewhere at any of the line's times
  for _, day in ipairs(days_of(p)) do
    if booked(m, profile, day.start_ms, day.end_ms, day.id) then return true end
  end
  return false
end
