-- withdraw: the employer takes the posting back; everybody is released without penalty. Late, and with
-- people seated, it is a penalty for the employer.   KEYS m   ARGV posting, by (employer | clerk)
operation('withdraw', finishing('withdrawn'))
