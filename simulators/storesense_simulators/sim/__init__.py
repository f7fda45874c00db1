"""A simulated store: agents in virtual time whose truth is known, and the readings that its devices would send.

The core is pure: the same site file, seed and ticks give the same truth. Only ``runner`` touches clocks and the broker.
"""
