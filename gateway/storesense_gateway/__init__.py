"""The gateway: from MQTT to the database, committed once, acknowledged after the commit."""
