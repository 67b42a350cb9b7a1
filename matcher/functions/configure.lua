-- configure: sets market settings; matchers hear of it and begin anew.
-- KEYS m   ARGV name, value, ...
operation('configure', function(m, a)
  redis.call('HSET', m .. 'settings', unpack(a))
  add_event(m, 'market.configured', 'settings', redis.call('INCR', m .. 'settings_v'))
  return { ok = true, replay = false }
end)
