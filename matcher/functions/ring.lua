-- ring: a clerk rang up somebody who is on the call list, and reached them or not. A yes or no is accept or decline.
-- Nobody is rung up in quiet hours. `nth` counts this person's rings, so that a ring told twice is one.
-- KEYS m   ARGV posting, profile, terms, nth, reached (0 | 1)
local function is_quiet(m, now)
  local minute = math.floor((now + setting(m, 'zone_offset_ms')) % 86400000 / 60000)
  local from, till = setting(m, 'quiet_from_minute'), setting(m, 'quiet_until_minute')
  if from <= till then return from <= minute and minute < till end
  return minute >= from or minute < till
end

operation('ring', function(m, a, now)
  local p, profile = get_posting(m, a[1]), a[2]
  if not p then return refuse('no_posting') end
  local e = get_entry(m, p, profile)
  if not e or e.channel ~= 'call' then return refuse('no_offer') end
  if e.terms ~= tonumber(a[3]) then return refuse('offer_withdrawn') end
  local nth, reached, rings = tonumber(a[4]), a[5] == '1', e.rings or 0
  if nth == rings and reached == e.reached then return { ok = true, v = p.v, replay = true } end
  if nth ~= rings + 1 then return refuse('stale_version') end
  if e.offer == 'accepted' then return refuse('illegal_move', 'accepted') end
  if OFFER_ENDED[e.offer] then return refuse(OFFER_ENDED[e.offer]) end
  if e.deadline_ms <= now then return refuse('offer_expired') end
  if is_quiet(m, now) then return refuse('quiet_hours') end
  e.rings, e.rung_ms, e.reached = nth, now, reached
  put_entry(p, profile, e)
  commit(m, p, 'posting.rung')
  return { ok = true, v = p.v, replay = false }
end)
