-- audit_log: who did what, on what, and why, for the audit log (server/audit_log.py chains it into files).
--   m audit_log    stream   entries that are not in the files yet: at_ms, by, what, on, why; pseudonyms only
--   m audit_head   hash     n, hash, id: the last line in the files, and the entry it was made of
local function log_audit(m, now, by, what, on, why)
  redis.call('XADD', m .. 'audit_log', '*', 'at_ms', now, 'by', by, 'what', what, 'on', on,
    'why', why)
end

-- audit_log: KEYS m   ARGV by, what, on, why
operation('audit_log', function(m, a, now)
  log_audit(m, now, a[1], a[2], a[3], a[4])
  return { ok = true, v = 0, replay = false }
end)

-- audit_chained: the log's writer has synced lines to its files. A second writer, or one whose files are not the ones
-- that the head speaks of, is refused.   KEYS m   ARGV n and hash before, n, hash, id of the last entry written
operation('audit_chained', function(m, a)
  local head = redis.call('HMGET', m .. 'audit_head', 'n', 'hash')
  if (head[1] or '0') ~= a[1] or (head[2] or '') ~= a[2] then return refuse('stale_version', head[1] or '0') end
  redis.call('HSET', m .. 'audit_head', 'n', a[3], 'hash', a[4], 'id', a[5])
  local ms, seq = string.match(a[5], '^(%d+)-(%d+)$')
  redis.call('XTRIM', m .. 'audit_log', 'MINID', ms .. '-' .. tonumber(seq) + 1)
  return { ok = true, v = tonumber(a[3]), replay = false }
end)
