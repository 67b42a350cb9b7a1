"""Measurements of the parts: `python -m loadtest.bench.matching` writes reports/bench.json."""
