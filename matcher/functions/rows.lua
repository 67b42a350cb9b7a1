-- rows: rows of a site's source. Each does what its record needs (register, amend, post, keep, merge or nothing) and is
-- noted in the source's ledger in the same atomic step: whoever was killed in between may do all of it again.
--   m rows:SOURCE     hash   row -> 'digest outcome record run line': the one truth about what became of the row
--   m merged:RECORD   set    'source row' of every row that was merged into this record
--   m apart           hash   row -> ids of records that a clerk has said it is not
--   m erased_row      string a row of somebody who was erased is in the queue: see `taken` (intake.lua)
-- digest: of the row as it was last taken in ('-' never); record: the id it became, or was merged into ('-' none).
-- KEYS m   ARGV source, run, rows: packed, for each row a list of texts: row ('' = not noted), line, digest, outcome,
--          record, operation ('' = only note it), its arguments ...   -> answers: for each row its outcome, or a
--          refusal, which is not noted
local function write_note(ledger, row, digest, outcome, record, run, line)
  redis.call('HSET', ledger, row, table.concat({ digest, outcome, record, run, line }, ' '))
end

local function read_note(ledger, row)
  local digest, outcome, _, run, line =
    string.match(redis.call('HGET', ledger, row) or '', '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
  return digest and { digest = digest, outcome = outcome, run = run, line = line } or nil
end

local function done_before(known, run, line, digest) -- an answer when this run has met the row already
  if not known or known.run ~= run then return nil end
  if known.line ~= line then -- the same number twice in one list
    return known.digest == digest and 'unchanged' or refuse('duplicate_row')
  end
  return known.digest == digest and digest ~= '-' and known.outcome or nil -- somebody was killed after this step
end

local function is_of_nobody(m, row, record) -- a person's row, but the record has been erased
  return string.sub(row, 1, 2) == 'p_' and record ~= '-' and redis.call('EXISTS', m .. 'profile:' .. record) == 0
end

local function take_row(m, ledger, run, a, now)
  local row, line, digest, outcome, record, name = a[1], a[2], a[3], a[4], a[5], a[6]
  local before = row ~= '' and done_before(read_note(ledger, row), run, line, digest)
  if before then return before end
  if name ~= '' then
    local answer = operations[name](m, { unpack(a, 7) }, now)
    if answer.no == 'erased' or answer.no == 'no_profile' then redis.call('SET', m .. 'erased_row', 1) end
    if answer.no then return answer end
    if answer.replay then outcome = 'unchanged' end
  elseif is_of_nobody(m, row, record) then
    redis.call('SET', m .. 'erased_row', 1)
  end
  if row ~= '' then write_note(ledger, row, digest, outcome, record, run, line) end
  return outcome
end

operation('rows', function(m, a, now)
  local ledger, run, answers = m .. 'rows:' .. a[1], a[2], {}
  for i, row in ipairs(cmsgpack.unpack(a[3])) do answers[i] = take_row(m, ledger, run, row, now) end
  return { ok = true, answers = answers }
end)

-- A changed row that mends a blocked posting: a clerk looks at it before it opens.   ARGV as amend
operations.amend_row = function(m, a, now)
  local was = redis.call('HGET', m .. 'posting:' .. a[1], 'state')
  local answer = operations.amend(m, a, now)
  if was == 'blocked' and answer.state == 'draft' and not answer.replay then
    operations.review(m, { a[1], 'awaiting_review', a[15] }, now)
  end
  return answer
end

-- A profile that its site lists again takes offers again.   ARGV as amend_profile
operations.relist_profile = function(m, a, now)
  local answer = operations.amend_profile(m, a, now)
  if answer.no then return answer end
  local resumed = operations.pause(m, { a[1], '0' }, now)
  return { ok = true, v = resumed.v, replay = answer.replay and resumed.replay }
end
