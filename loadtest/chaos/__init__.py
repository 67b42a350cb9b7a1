"""Chaos: the whole house under load while its parts are killed, frozen, starved and lied to; then the audit."""
