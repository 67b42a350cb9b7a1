"""Latency in an open loop: postings come when they come, however busy the service is; `make latency`."""
