"""`make fuzz`: broken and absurd input against a running service; writes reports/fuzz.json."""
