"""Shelves: raw load-cell counts to grams, steps, events and units, each stage a small pure piece."""
