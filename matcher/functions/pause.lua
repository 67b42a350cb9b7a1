-- pause: no offers to this person until they say 今天能干 or their site lists them again.   KEYS m   ARGV id, paused (0 | 1)
operation('pause', function(m, a)
  local known = redis.call('HMGET', m .. 'profile:' .. a[1], 'v', 'paused')
  if not known[1] then return refuse('no_profile') end
  if known[2] == a[2] then return { ok = true, v = tonumber(known[1]), replay = true } end
  change_profile(m, a[1], 'profile.paused', 'paused', a[2])
  return { ok = true, v = tonumber(known[1]) + 1, replay = false }
end)
