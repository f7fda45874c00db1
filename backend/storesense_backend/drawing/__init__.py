"""Drawings: lines, zones, lanes, queues, places of slots and cameras' views, in versions."""
