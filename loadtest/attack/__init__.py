"""`make attack`: a hostile day against a real server while a normal client goes on; writes reports/attack.json."""
