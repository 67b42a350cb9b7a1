-- favour: the employer marks somebody as a favourite, to be asked early, or a worker an employer, to see its postings
-- first; or takes that back.   KEYS m   ARGV employer, profile, by (worker | employer), favourite (0 | 1)
operation('favour', function(m, a)
  local employer, profile, favourite = a[1], a[2], a[4] == '1'
  local side = a[3] == 'worker' and 'worker_favourite' or 'favourite'
  local no = no_pair(m, employer, profile)
  if no then return no end
  local tie = get_tie(m, employer, profile)
  if (tie[side] or false) == favourite then
    return { ok = true, v = ties_v(m, employer), replay = true }
  end
  tie[side] = favourite
  return { ok = true, v = put_tie(m, employer, profile, tie), replay = false }
end)
