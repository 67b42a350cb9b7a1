-- What the operations on a seat share: one person, one legal move, one event.
local SEAT_MOVES = {
  confirm = { seated = 'confirmed' },
  check_in = { seated = 'checked_in', confirmed = 'checked_in' },
  done = { checked_in = 'done' },
  paid = { done = 'paid' },
  no_show = { seated = 'no_show', confirmed = 'no_show' },
  release = { seated = 'released', confirmed = 'released', consent_due = 'released' },
}
local SEAT_TARGET = { confirm = 'confirmed', check_in = 'checked_in', done = 'done', paid = 'paid', no_show = 'no_show',
  release = 'released' }

-- operation on a seat: `guard(m, p, now, args)` may refuse; `apply(m, p, profile, e, now, to, args)` does the move
local function seat_operation(name, guard, apply)
  operation(name, function(m, a, now)
    local p, profile = find_posting(m, a[1], now), a[2]
    if not p then return refuse('no_posting') end
    local e = get_entry(m, p, profile)
    if not e or not e.assignment then return refuse('no_assignment') end
    local to = SEAT_TARGET[name]
    if e.assignment == to then return { ok = true, v = p.v, assignment = to, replay = true } end
    if not SEAT_MOVES[name][e.assignment] then return refuse('illegal_move', e.assignment .. ' -> ' .. to) end
    local no = guard and guard(m, p, now, a)
    if no then return no end
    apply(m, p, profile, e, now, to, a)
    commit(m, p, 'assignment.' .. to)
    return { ok = true, v = p.v, assignment = to, replay = false }
  end)
end

local function just_move(m, p, profile, e, _, to)
  e.assignment = to
  put_entry(p, profile, e)
end

local function after_start(_, p, now)
  if p.start_ms > now then return refuse('too_early') end
end
