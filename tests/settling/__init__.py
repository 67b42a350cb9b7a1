"""Everything that can happen in a small market; tests/test_settle_stateful.py drives it."""
