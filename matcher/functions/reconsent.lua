-- reconsent: after an amend, a seated worker says yes to the new terms (and is back where they were) or no (released
-- without penalty).   KEYS m   ARGV posting, profile, terms, yes (0 | 1)
operation('reconsent', function(m, a, now)
  local p, profile = find_posting(m, a[1], now), a[2]
  if not p then return refuse('no_posting') end
  local e = get_entry(m, p, profile)
  if not e or not e.assignment then return refuse('no_assignment') end
  if p.terms ~= tonumber(a[3]) then return refuse('stale_version') end
  local yes = a[4] == '1'
  if e.assignment ~= 'consent_due' then
    local said = (yes and e.consented_terms == p.terms) or (not yes and e.assignment == 'released')
    if said then return { ok = true, v = p.v, assignment = e.assignment, replay = true } end
    return refuse('illegal_move', e.assignment)
  end
  if e.consent_deadline_ms <= now then return refuse('offer_expired') end
  if yes then
    e.assignment = e.before_consent
    e.consented_terms = p.terms -- `terms` stays that of the offer, so that its acceptance can be replayed
    put_entry(p, profile, e)
  else
    e.refused_terms = p.terms -- nobody is asked twice for what they have said no to
    vacate(m, p, profile, e, 'released', 'amend', now)
    settle(m, p, now)
  end
  commit(m, p, 'posting.reconsented')
  return { ok = true, v = p.v, assignment = e.assignment, replay = false }
end)
