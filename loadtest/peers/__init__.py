"""Peers side by side: what people would use instead, asked the same questions over the same people (docs/peers.md)."""
