"""The bounded hand-over from the MQTT thread to the committer."""

import queue
import threading
from collections.abc import Iterable

from storesense_gateway.entries import Incoming


class Inbox:
    """Messages that were received and are not yet in a batch.

    Messages of QoS 1 are bounded by the receive maximum that the broker keeps to, so they are always taken. Those of
    QoS 0 are bounded by nobody, and are refused when the inbox is full. The bytes are bounded by whoever fills it: it
    asks ``wait_for_room`` before it reads on, so at most one read goes beyond ``max_bytes``.
    """

    def __init__(self, *, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._queue: queue.SimpleQueue[Incoming | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._bytes = 0
        self._room = threading.Event()
        self._room.set()

    def put(self, incoming: Incoming) -> bool:
        """Hand a message over; return whether it was taken."""
        return self.put_all([incoming]) == 1

    def put_all(self, messages: Iterable[Incoming]) -> int:
        """Hand messages over, in order; return how many were taken."""
        taken = [
            each
            for place, each in enumerate(messages)
            if each.tag.qos or self._queue.qsize() + place < self._max_messages
        ]
        self._add_bytes(sum(len(each.payload) for each in taken))
        for each in taken:
            self._queue.put(each)
        return len(taken)

    def get(self, timeout_s: float) -> Incoming | None:
        """Take the oldest message, waiting up to ``timeout_s``; None if there is none or ``wake`` was called."""
        try:
            incoming = self._queue.get(timeout=timeout_s) if timeout_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None
        if incoming is not None:
            self._add_bytes(-len(incoming.payload))
        return incoming

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait up to ``timeout_s`` until fewer bytes than the bound are held; return whether that is so."""
        return self._room.wait(timeout_s)

    def wake(self) -> None:
        """Make a waiting ``get`` return None."""
        self._queue.put(None)

    def clear(self) -> int:
        """Drop everything, for it will come again by the next connection; return how many were dropped."""
        dropped = 0
        while True:
            try:
                incoming = self._queue.get_nowait()
            except queue.Empty:
                return dropped
            if incoming is not None:
                self._add_bytes(-len(incoming.payload))
                dropped += 1

    def __len__(self) -> int:
        return self._queue.qsize()

    def _add_bytes(self, count: int) -> None:
        with self._lock:
            self._bytes += count
            has_room = self._bytes < self._max_bytes
            if has_room != self._room.is_set():
                (self._room.set if has_room else self._room.clear)()
