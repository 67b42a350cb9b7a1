"""What `loadtest/locustfile.py` and the runs `make load` and `make soak` are made of."""
