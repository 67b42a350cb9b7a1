-- paid: the worker has the money (已收到工钱).   KEYS m   ARGV posting, profile
seat_operation('paid', nil, just_move)
