"""Lanes needed now, in 15 and in 30 minutes: demand at the tills from the entrances, and what lanes do about it."""
