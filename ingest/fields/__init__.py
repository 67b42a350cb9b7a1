"""Values of the trade read from text as people write it; each keeps the words it came from (pure)."""
