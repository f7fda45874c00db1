"""``storesense fuzz``: what no device would send, a million times, and an account of every piece of it."""
