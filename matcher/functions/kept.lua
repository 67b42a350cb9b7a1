-- Rows that are kept for a person: in the quarantine until somebody mends them, or merged into another row's record until
-- a clerk says that they are apart. The row itself is sealed; `doc` is what may be shown.
--   m kept:ID         hash   list, source, origin, run, doc, sealed, record; ends by itself after KEPT_MS
--   m quarantine      zset   id -> when it was kept;   m merges likewise
-- A merge is kept under 'm.' and the row's id, a row in the quarantine under its id.
--   m kept_of:ORIGIN  set    ids of the rows in quarantine that came from one file or address
--   m kept_by:MARK    set    ids of the rows in quarantine that name whoever has this mark (marks.lua): erased with them
local KEPT_MS = 30 * 86400000

local function merged_row(id)
  return string.sub(id, 3)
end

local function forget_kept(m, id)
  local known = redis.call('HMGET', m .. 'kept:' .. id, 'list', 'origin', 'source', 'record', 'marks')
  redis.call('DEL', m .. 'kept:' .. id)
  redis.call('ZREM', m .. 'quarantine', id)
  redis.call('ZREM', m .. 'merges', id)
  if known[2] then redis.call('SREM', m .. 'kept_of:' .. known[2], id) end
  if known[4] then redis.call('SREM', m .. 'merged:' .. known[4], known[3] .. ' ' .. merged_row(id)) end
  for _, mark in ipairs(words_of(known[5])) do redis.call('SREM', m .. 'kept_by:' .. mark, id) end
  return known[1] and true or false
end

local function forget_rows_of(m, marks)
  for _, mark in ipairs(words_of(marks)) do
    for _, id in ipairs(redis.call('SMEMBERS', m .. 'kept_by:' .. mark)) do forget_kept(m, id) end
  end
end

-- keep: ARGV id, list (quarantine | merges), source, origin, run, doc, sealed, marks of whom it names
operations.keep = function(m, a, now)
  if was_erased(m, a[8]) then return refuse('erased') end
  local key = m .. 'kept:' .. a[1]
  for _, mark in ipairs(words_of(redis.call('HGET', key, 'marks') or '')) do
    redis.call('SREM', m .. 'kept_by:' .. mark, a[1])
  end
  redis.call('HSET', key, 'list', a[2], 'source', a[3], 'origin', a[4], 'run', a[5], 'doc', a[6], 'sealed', a[7],
    'marks', a[8])
  for _, mark in ipairs(words_of(a[8])) do
    redis.call('SADD', m .. 'kept_by:' .. mark, a[1])
    redis.call('PEXPIRE', m .. 'kept_by:' .. mark, KEPT_MS)
  end
  redis.call('PEXPIRE', key, KEPT_MS)
  redis.call('ZADD', m .. a[2], now, a[1])
  redis.call('ZREMRANGEBYSCORE', m .. a[2], '-inf', now - KEPT_MS)
  if a[2] == 'quarantine' then
    redis.call('SADD', m .. 'kept_of:' .. a[4], a[1])
    redis.call('PEXPIRE', m .. 'kept_of:' .. a[4], KEPT_MS)
  end
  return { ok = true, v = 0, replay = false }
end

-- merge: the row is the same person or shift as another row's record.   ARGV record, then as keep (id: 'm.' and the row)
-- Whoever was erased since the two were compared: no_profile.
operations.merge = function(m, a, now)
  if is_of_nobody(m, merged_row(a[2]), a[1]) then return refuse('no_profile') end
  forget_kept(m, a[2])
  redis.call('SADD', m .. 'merged:' .. a[1], a[4] .. ' ' .. merged_row(a[2]))
  redis.call('HSET', m .. 'kept:' .. a[2], 'record', a[1])
  return operations.keep(m, { unpack(a, 2) }, now)
end

-- forget: a row is kept no longer: it was taken in, or somebody discards it.   KEYS m   ARGV id ...
operation('forget', function(m, a)
  local any = false
  for _, id in ipairs(a) do any = forget_kept(m, id) or any end
  return { ok = true, v = 0, replay = not any }
end)

-- replay: a kept row goes through the queue once more, with what a person has mended.   KEYS m   ARGV id, run, body
operation('replay', function(m, a, now)
  if redis.call('EXISTS', m .. 'kept:' .. a[1]) == 0 then return refuse('not_found', a[1]) end
  return operations.enqueue(m, { '0', a[2], 'rows', a[3] }, now)
end)

-- unmerge: a clerk says that a merged row is a person or shift of its own: it goes through the queue once more.
-- KEYS m   ARGV id, record, run, body, by (who says so)
operation('unmerge', function(m, a, now)
  local id, record, row = a[1], a[2], merged_row(a[1])
  local source = redis.call('HGET', m .. 'kept:' .. id, 'source')
  if not source then return refuse('not_found', id) end
  local apart = redis.call('HGET', m .. 'apart', row)
  redis.call('HSET', m .. 'apart', row, apart and (apart .. ' ' .. record) or record)
  redis.call('SREM', m .. 'merged:' .. record, source .. ' ' .. row)
  redis.call('HDEL', m .. 'kept:' .. id, 'record')
  write_note(m .. 'rows:' .. source, row, '-', 'apart', '-', '-', '-')
  redis.call('HSET', m .. 'kept:' .. id, 'undone_ms', now, 'undone_by', a[5])
  return operations.enqueue(m, { '0', a[3], 'rows', a[4] }, now)
end)

-- gone: a row that its source lists no more. Where another row was merged into its record, that one leads from now on and
-- is read anew; else the posting is withdrawn, the profile paused, and the note says so in case the row comes back.
-- KEYS m   ARGV source, row, kind (profile | posting), record ('-' none), outcome (what the note says)
local function take_back(m, kind, record, now)
  if kind == 'posting' then return operations.withdraw(m, { record }, now) end
  return operations.pause(m, { record, '1' }, now)
end

operation('gone', function(m, a, now)
  local ledger, row, kind, record = m .. 'rows:' .. a[1], a[2], a[3], a[4]
  if redis.call('HDEL', ledger, row) == 0 then return { ok = true, v = 0, replay = true, outcome = 'gone' } end
  if a[5] == 'merged' then
    forget_kept(m, 'm.' .. row)
    return { ok = true, v = 0, replay = false, outcome = 'gone' }
  end
  if record == '-' or a[5] == 'withdrawn' then return { ok = true, v = 0, replay = false, outcome = 'gone' } end
  local heir = redis.call('SPOP', m .. 'merged:' .. record)
  if heir then
    local source, other = string.match(heir, '^(%S+) (%S+)$')
    write_note(m .. 'rows:' .. source, other, '-', 'quarantined', record, '-', '-')
    forget_kept(m, 'm.' .. other)
    return { ok = true, v = 0, replay = false, outcome = 'inherited' }
  end
  local answer = take_back(m, kind, record, now)
  if answer.no then return { ok = true, v = 0, replay = true, outcome = 'gone' } end
  write_note(ledger, row, '-', 'withdrawn', record, '-', '-')
  return { ok = true, v = 0, replay = answer.replay, outcome = answer.replay and 'gone' or 'withdrawn' }
end)
