"""The thread that forks every child of this process."""

import os
import queue
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future


class Spawner:
    """Forks every child from one thread that lives as long as this process.

    Linux sends a child its death signal when the *thread* that forked it ends, not the process; a child that
    was started in a worker thread would die with that worker.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: queue.SimpleQueue[tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]]
        self._thread: threading.Thread | None = None

    def spawn(self, start: Callable[[], "subprocess.Popen[bytes]"]) -> "subprocess.Popen[bytes]":
        """Run ``start`` in the lasting thread and return, or raise, what it does."""
        done: Future[subprocess.Popen[bytes]] = Future()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._orders = queue.SimpleQueue()
                self._thread = threading.Thread(target=self._serve, name="storesense-spawner", daemon=True)
                self._thread.start()
            self._orders.put((start, done))
        try:
            return done.result()
        except BaseException:
            done.add_done_callback(_kill_unclaimed)  # Ctrl-C came while the fork was under way
            raise

    def forget(self) -> None:
        """Begin anew in a forked process, which has no copy of the thread."""
        self._lock = threading.Lock()
        self._thread = None

    def _serve(self) -> None:
        while True:
            start, done = self._orders.get()
            try:
                done.set_result(start())
            except (OSError, ValueError, subprocess.SubprocessError) as exc:
                done.set_exception(exc)


def _kill_unclaimed(done: "Future[subprocess.Popen[bytes]]") -> None:
    if done.exception() is None:
        done.result().kill()


SPAWNER = Spawner()
os.register_at_fork(after_in_child=SPAWNER.forget)
