"""``storesense chaos``: every part killed, every wire cut, every message counted afterwards."""
