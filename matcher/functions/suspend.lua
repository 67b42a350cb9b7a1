-- suspend: no offers and no new acceptances for this person until a moment; seats that they have stay theirs. It ends by
-- itself, and a moment that is past (or 0) ends it now. The person is told, and sees the reason and the end on their card.
-- KEYS m   ARGV id, until_ms, reason
local function is_suspended(until_ms, now) -- as HMGET gives it
  return (tonumber(until_ms) or 0) > now
end

local function suspend_profile(m, profile, until_ms, reason, now)
  change_profile(m, profile, 'profile.suspended', 'suspended_until_ms', until_ms,
    'suspended_reason', reason)
  if until_ms > now then
    notify(m, profile, 'suspended', '', now)
  else
    notify(m, profile, 'unsuspended', '', now)
  end
end

operation('suspend', function(m, a, now)
  local known = redis.call('HMGET', m .. 'profile:' .. a[1], 'v', 'suspended_until_ms', 'suspended_reason')
  if not known[1] then return refuse('no_profile') end
  if has_withdrawn(m, a[1]) then return refuse('consent_withdrawn') end
  local until_ms = tonumber(a[2])
  local same = until_ms == (tonumber(known[2]) or 0) and a[3] == (known[3] or '')
  if same or (until_ms <= now and not is_suspended(known[2], now)) then
    return { ok = true, v = tonumber(known[1]), replay = true }
  end
  suspend_profile(m, a[1], until_ms, a[3], now)
  return { ok = true, v = tonumber(known[1]) + 1, replay = false }
end)
