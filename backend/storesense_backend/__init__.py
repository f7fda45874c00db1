"""The backend: HTTP API, live stream, registry and alert engine."""
