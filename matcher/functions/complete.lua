-- A shift that nobody marks ends by itself: `unmarked_ms` after its end whoever still has a seat counts as having worked.
-- An employer who missed somebody has had so long to say so; the worker who came must not lose the day's work for it.
on_due.complete = function(m, p, now)
  local due_ms = p.end_ms + setting(m, 'unmarked_ms')
  if due_ms > now then return set_timer(m, 'complete', p.id, due_ms) end
  set_timer(m, 'forget', p.id, p.end_ms + setting(m, 'history_kept_ms'))
  each_entry(m, p, function(profile, e)
    if e.assignment == 'seated' or e.assignment == 'confirmed' or e.assignment == 'checked_in' then
      e.ended_by = 'unmarked'
      work_done(m, p, profile, e, now, 'done')
      notify(m, profile, 'completed', p.id, now)
    end
  end)
  if #p.who > 0 then commit(m, p, 'posting.completed') end
end
