"""Ways out: one module a kind of channel."""
