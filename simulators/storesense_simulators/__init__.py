"""Simulated stores, and the commands that compose all parts."""
