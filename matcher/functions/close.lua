-- close: the employer needs nobody else; who has a seat keeps it.   KEYS m   ARGV posting
operation('close', finishing('closed'))
