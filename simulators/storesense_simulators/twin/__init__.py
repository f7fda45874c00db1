"""The store twin: a simulated store whose truth is known, read from a store file or a plain site file."""
