-- withdraw: the employer takes the posting back; everybody is released without penalty.   KEYS m   ARGV posting
operation('withdraw', finishing('withdrawn'))
