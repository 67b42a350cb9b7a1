"""How well texts are understood: labels by hand, sentences for the rules, and the measurement."""
