-- block: a worker wants nothing more from an employer, or the other way round; or takes that back. Open offers between
-- the two are withdrawn, as if the seats were gone. Who has said yes or has a seat is not touched: that ends by release.
-- KEYS m   ARGV employer, profile, by (worker | employer), blocks (0 | 1), reason (for clerks)
local function withdraw_offers_between(m, employer, profile)
  for _, id in ipairs(redis.call('ZRANGE', m .. 'live:' .. profile, 0, -1)) do
    local p = get_posting(m, id)
    local e = p and p.employer == employer and get_entry(m, p, profile)
    if e and e.offer == 'open' then
      end_offer(m, p, profile, e, 'withdrawn')
      put_entry(p, profile, e)
      commit(m, p, 'posting.offer_withdrawn')
    end
  end
end

operation('block', function(m, a, now)
  local employer, profile, side, blocks = a[1], a[2], a[3] .. '_block', a[4] == '1'
  local no = no_pair(m, employer, profile)
  if no then return no end
  local tie = get_tie(m, employer, profile)
  if blocks == (tie[side] ~= nil) and (not blocks or tie[side].reason == a[5]) then
    return { ok = true, v = ties_v(m, employer), replay = true }
  end
  tie[side] = blocks and { at_ms = now, reason = a[5] } or nil
  if blocks then withdraw_offers_between(m, employer, profile) end
  return { ok = true, v = put_tie(m, employer, profile, tie), replay = false }
end)
