"""The bounded hand-over from the MQTT thread to the committer."""

import queue

from storesense_gateway.entries import Incoming


class Inbox:
    """Messages that were received and are not yet in a batch.

    Messages of QoS 1 are bounded by the receive maximum that the broker keeps to, so they always fit. Those of QoS 0
    are bounded by nobody, and are refused when the inbox is full.
    """

    def __init__(self, *, max_messages: int) -> None:
        self._max_messages = max_messages
        self._queue: queue.SimpleQueue[Incoming | None] = queue.SimpleQueue()

    def put(self, incoming: Incoming) -> bool:
        """Hand a message over; return whether it was taken."""
        if incoming.tag.qos == 0 and self._queue.qsize() >= self._max_messages:
            return False
        self._queue.put(incoming)
        return True

    def get(self, timeout_s: float) -> Incoming | None:
        """Take the oldest message, waiting up to ``timeout_s``; None if there is none or ``wake`` was called."""
        try:
            return self._queue.get(timeout=timeout_s) if timeout_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None

    def wake(self) -> None:
        """Make a waiting ``get`` return None."""
        self._queue.put(None)

    def clear(self) -> int:
        """Drop everything, for it will come again by the next connection; return how many were dropped."""
        dropped = 0
        while True:
            try:
                if self._queue.get_nowait() is not None:
                    dropped += 1
            except queue.Empty:
                return dropped

    def __len__(self) -> int:
        return self._queue.qsize()
