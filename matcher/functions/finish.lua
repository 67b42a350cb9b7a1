-- close, withdraw, expire: a posting ends. Open offers and everybody who waits are withdrawn.
-- Closed and expired keep the seats that were given; withdrawn releases them without penalty.
-- KEYS m   ARGV posting, reason
local ENDED = { closed = true, withdrawn = true, expired = true }

local function finish(m, p, state, now)
  if state == 'expired' and p.window_until_ms > now then p.window_until_ms = now end
  if state ~= 'withdrawn' and window_over(p, now) then settle(m, p, now) end -- seats that were won by then stay won
  withdraw_open_offers(m, p, now)
  withdraw_waiting(m, p, 'posting_' .. state, now)
  p.window_until_ms = 0
  p.state = state
  p.awarded = 1
  release_marks(m, p.id, redis.call('HGET', m .. 'posting:' .. p.id, 'marks'))
  redis.call('DEL', m .. 'seeds:' .. p.id) -- nothing is drawn any more
  if state == 'withdrawn' then
    each_entry(m, p, function(profile, e)
      local s = e.assignment
      if s == 'seated' or s == 'confirmed' or s == 'consent_due' then
        vacate(m, p, profile, e, 'released', 'employer', now)
      end
    end)
  end
  commit(m, p, 'posting.' .. state)
end

local function finishing(state)
  return function(m, a, now)
    local p = get_posting(m, a[1])
    if not p then return refuse('no_posting') end
    if p.state == state then return { ok = true, v = p.v, state = p.state, replay = true } end
    if ENDED[p.state] then return refuse('illegal_move', p.state .. ' -> ' .. state) end
    if state == 'expired' and p.valid_until_ms > now then return refuse('not_yet_due') end
    finish(m, p, state, now)
    return { ok = true, v = p.v, state = p.state, replay = false }
  end
end
