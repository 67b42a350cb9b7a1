"""Tests against real parts: `make test`."""
