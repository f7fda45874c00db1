"""A database connection that does not wait for ever.

TCP tells of a peer that is gone, but not of one whose proxy, pooler or frozen process still takes our packets: a
statement would then wait for an answer until the end of days, and with it every message behind it.
"""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

_RV = TypeVar("_RV")

ANSWER_TIMEOUT_S = 20.0
"""Longer than any pause of a healthy database, a checkpoint on a slow disk included."""


class PatientConnection(psycopg.Connection[Any]):
    """Gives up on a statement that has no answer within ``answer_timeout_s``, and closes itself."""

    answer_timeout_s = ANSWER_TIMEOUT_S

    def wait(self, gen: Generator[Any, Any, _RV], *args: Any, **kwargs: Any) -> _RV:
        """See psycopg. Raises psycopg.OperationalError when there was no answer in time."""
        return super().wait(self._limited(gen), *args, **kwargs)

    def _limited(self, gen: Generator[Any, Any, _RV]) -> Generator[Any, Any, _RV]:
        until_s = time.monotonic() + self.answer_timeout_s
        try:
            wanted = next(gen)
            while True:
                # While nothing comes, psycopg says so several times a second.
                ready = yield wanted
                if not ready and time.monotonic() >= until_s:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"no answer within {self.answer_timeout_s:g} s")
                wanted = gen.send(ready)
        except StopIteration as stop:
            result: _RV = stop.value
            return result
