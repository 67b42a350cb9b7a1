-- favour: the employer marks somebody as a favourite, to be asked early, or takes that back.
-- KEYS m   ARGV employer, profile, favourite (0 | 1)
operation('favour', function(m, a)
  local employer, profile, favourite = a[1], a[2], a[3] == '1'
  local no = no_pair(m, employer, profile)
  if no then return no end
  local tie = get_tie(m, employer, profile)
  if tie.favourite == favourite then
    return { ok = true, v = ties_v(m, employer), replay = true }
  end
  tie.favourite = favourite
  return { ok = true, v = put_tie(m, employer, profile, tie), replay = false }
end)
