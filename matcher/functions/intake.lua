-- intake: the queue of batches that readers fill and the intake empties.
--   m ingest          stream   batches (sealed) and ends of runs; an entry is deleted when it is done
--   m run:ID          hash     one reading of one source: what it read, what became of the rows
-- enqueue: KEYS m   ARGV most (entries that may wait; 0 = any), run, kind (rows | end), body   -> v: entries waiting
operation('enqueue', function(m, a)
  local waiting = redis.call('XLEN', m .. 'ingest')
  if tonumber(a[1]) > 0 and waiting >= tonumber(a[1]) then return refuse('overloaded') end
  redis.call('XADD', m .. 'ingest', '*', 'run', a[2], 'kind', a[3], 'body', a[4])
  if a[3] == 'rows' then redis.call('HINCRBY', m .. 'run:' .. a[2], 'batches', 1) end
  return { ok = true, v = waiting + 1, replay = false }
end)

-- taken: an entry is done: its counts are added to its run and it leaves the stream, once, whoever says so. Where one held
-- a row of somebody who was erased, the store's files are rewritten once nothing is left of the queue.
-- KEYS m   ARGV entry, run, n, n times (counter, by), then fields of the run to set (name, value) ...
operation('taken', function(m, a)
  if redis.call('XACK', m .. 'ingest', 'ingest', a[1]) == 0 then return { ok = true, v = 0, replay = true } end
  redis.call('XDEL', m .. 'ingest', a[1])
  local run, n = m .. 'run:' .. a[2], tonumber(a[3])
  for i = 4, 3 + 2 * n, 2 do redis.call('HINCRBY', run, a[i], a[i + 1]) end
  for i = 4 + 2 * n, #a, 2 do redis.call('HSET', run, a[i], a[i + 1]) end
  if redis.call('XLEN', m .. 'ingest') == 0 and redis.call('DEL', m .. 'erased_row') == 1 then
    redis.call('INCR', m .. 'erased')
  end
  return { ok = true, v = 0, replay = false }
end)
