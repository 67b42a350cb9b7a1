-- expire: the posting's validity has ended.   KEYS m   ARGV posting
operation('expire', finishing('expired'))

on_due.expire = function(m, p, now)
  if not ENDED[p.state] and p.valid_until_ms <= now then finish(m, p, 'expired', now) end
end
