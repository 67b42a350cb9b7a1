"""Measurements of the parts: `python -m loadtest.bench.report` writes reports/bench.json."""
