-- confirm: the seated worker confirms that they will come.   KEYS m   ARGV posting, profile
seat_operation('confirm', nil, just_move)
