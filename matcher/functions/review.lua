-- review: the moves before a posting is open: draft -> open, blocked or awaiting_review; awaiting_review -> open or
-- draft (returned); blocked -> draft (mended) or open (a clerk's override).
-- KEYS m   ARGV posting, to, reason
local REVIEW = {
  draft = { open = true, blocked = true, awaiting_review = true },
  awaiting_review = { open = true, draft = true },
  blocked = { draft = true, open = true },
}

operation('review', function(m, a, now)
  local p = find_posting(m, a[1], now)
  if not p then return refuse('no_posting') end
  local to = a[2]
  if p.state == to then return { ok = true, v = p.v, state = p.state, replay = true } end
  if not (REVIEW[p.state] and REVIEW[p.state][to]) then return refuse('illegal_move', p.state .. ' -> ' .. to) end
  if to == 'open' then
    if too_late(p, now) then return refuse('posting_past') end
    open_posting(m, p, now)
    settle(m, p, now) -- it may have been open before, with people waiting
  else
    p.state = to
  end
  redis.call('HSET', m .. 'posting:' .. p.id, 'review_reason', a[3])
  commit(m, p, to == 'open' and 'posting.opened' or 'posting.reviewed')
  return { ok = true, v = p.v, state = p.state, replay = false }
end)
