"""The HTTP API: its models, who may do what, and one module for each group of endpoints."""
