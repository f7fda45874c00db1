"""Real services without containers: PostgreSQL, MQTT brokers and our own services as supervised children.

Everything listens on loopback, has a generated password, and ends with the process that started it.
"""
