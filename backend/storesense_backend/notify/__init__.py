"""Telling people and machines of alerts: a transactional outbox, and the worker that empties it.

Whoever changes an alert calls ``enqueue`` in the same transaction.
"""

from storesense_backend.notify.outbox import EVENTS, Event, enqueue, enqueue_many

__all__ = ["EVENTS", "Event", "enqueue", "enqueue_many"]
