"""How much a channel is sent, and when it is left alone: a token bucket and a circuit breaker. No I/O."""

from dataclasses import dataclass

from storesense_contracts.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``burst`` messages at once, and ``per_s`` a second in the long run."""

    burst: float
    per_s: float


class Bucket:
    """Tokens for messages; one message takes one."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._tokens = pace.burst
        self._at_s: float | None = None

    def available(self, now_s: float) -> int:
        """Return how many messages may go now."""
        if self._at_s is not None:
            self._tokens = min(self._pace.burst, self._tokens + (now_s - self._at_s) * self._pace.per_s)
        self._at_s = now_s
        return int(self._tokens + 1e-9)

    def take(self, count: int = 1) -> None:
        """Take tokens for messages that go."""
        self._tokens -= count

    def wait_s(self) -> float:
        """Return the seconds until one message may go, as of the last look."""
        return max(0.0, (1.0 - self._tokens) / self._pace.per_s)


class Breaker:
    """Leaves a channel alone that failed several times in a row, then tries it with one message at a time.

    Args:
        failures: in a row that open it.
        wait: how long it stays open, by how often its single tries failed too.
    """

    def __init__(self, failures: int, wait: Backoff) -> None:
        self._most = failures
        self._wait = wait
        self._failed = 0
        self._open_until_s: float | None = None

    @property
    def is_broken(self) -> bool:
        """Whether the channel has failed too often; single messages try it."""
        return self._failed >= self._most

    def wait_s(self, now_s: float) -> float:
        """Return the seconds for which the channel is to be left alone; 0 if it may be tried."""
        return 0.0 if self._open_until_s is None else max(0.0, self._open_until_s - now_s)

    def succeeded(self) -> None:
        """Note that it took a message."""
        self._failed = 0
        self._open_until_s = None

    def failed(self, now_s: float, chance: float) -> None:
        """Note that it did not."""
        self._failed += 1
        if self._failed >= self._most:
            self._open_until_s = now_s + self._wait.wait_s(self._failed - self._most + 1, chance)
