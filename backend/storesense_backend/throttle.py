"""Failed sign-ins slow down the next ones: by person and place, by place, and by person.

Failures are counted in tables of a fixed size, indexed by a keyed hash. So memory is bounded without evicting anything
(a flood of made-up names cannot push a victim's failures out), and nobody can aim at a neighbour's row. Two names in
one row share their delays; with a few thousand rows that is rare and passes.
"""

import hashlib
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """How one table reacts.

    Attributes:
        free_failures: failures that cost nothing.
        first_delay_s: the delay after one more; it doubles with each further failure.
        max_delay_s: the longest delay.
        halving_s: the time in which the count of failures halves.
    """

    free_failures: int
    first_delay_s: float
    max_delay_s: float
    halving_s: float


PAIR_POLICY = ThrottlePolicy(free_failures=5, first_delay_s=1.0, max_delay_s=900.0, halving_s=900.0)
"""One name from one address: somebody forgot a password, or somebody guesses."""
ADDRESS_POLICY = ThrottlePolicy(free_failures=30, first_delay_s=1.0, max_delay_s=300.0, halving_s=300.0)
"""Any names from one address: a shop's people behind one router, or a list of names being tried."""
NAME_POLICY = ThrottlePolicy(free_failures=100, first_delay_s=1.0, max_delay_s=60.0, halving_s=300.0)
"""One name from anywhere: guessing from many addresses. Short delays, so that it cannot lock the person out."""


class FailureTable:
    """Counts failures by key in a fixed number of rows, with counts that fade."""

    def __init__(self, policy: ThrottlePolicy, *, secret: bytes, rows: int = 4_096) -> None:
        self._policy = policy
        self._secret = secret
        self._counts = [0.0] * rows
        self._counted_s = [0.0] * rows
        self._blocked_until_s = [-math.inf] * rows

    def _row(self, key: str) -> int:
        mark = hashlib.blake2b(key.encode("utf-8", "replace"), key=self._secret, digest_size=8).digest()
        return int.from_bytes(mark, "big") % len(self._counts)

    def wait_s(self, key: str, now_s: float) -> float:
        """Return how long ``key`` must still wait, in seconds; 0 if it may try."""
        return max(0.0, self._blocked_until_s[self._row(key)] - now_s)

    def fail(self, key: str, now_s: float) -> None:
        """Count a failure."""
        row = self._row(key)
        policy = self._policy
        faded = self._counts[row] * 0.5 ** ((now_s - self._counted_s[row]) / policy.halving_s)
        self._counts[row] = faded + 1.0
        self._counted_s[row] = now_s
        over = math.ceil(self._counts[row] - policy.free_failures - 1e-9)
        if over > 0:
            delay_s = min(policy.max_delay_s, policy.first_delay_s * 2.0 ** min(over - 1, 30))
            self._blocked_until_s[row] = max(self._blocked_until_s[row], now_s + delay_s)

    def forgive(self, key: str, *, all_of_them: bool) -> None:
        """Take back the last failure, or all of them."""
        row = self._row(key)
        self._counts[row] = 0.0 if all_of_them else max(0.0, self._counts[row] - 1.0)
        self._blocked_until_s[row] = -math.inf if all_of_them else self._blocked_until_s[row]


class SignInThrottle:
    """Decides whether a sign-in may be tried now.

    An attempt counts as failed before its password is checked and is forgiven when it was right, so that many attempts
    at once cannot slip under the count.
    """

    def __init__(self, *, secret: bytes) -> None:
        self._pairs = FailureTable(PAIR_POLICY, secret=secret)
        self._addresses = FailureTable(ADDRESS_POLICY, secret=secret)
        self._names = FailureTable(NAME_POLICY, secret=secret)

    def begin(self, user_name: str, address: str, now_s: float) -> float:
        """Begin an attempt: 0 if it may go on, else how long to wait, in seconds."""
        name = user_name.casefold()
        pair = f"{len(name)}:{name}@{address}"
        wait_s = max(
            self._pairs.wait_s(pair, now_s),
            self._addresses.wait_s(address, now_s),
            self._names.wait_s(name, now_s),
        )
        if wait_s == 0.0:
            self._pairs.fail(pair, now_s)
            self._addresses.fail(address, now_s)
            self._names.fail(name, now_s)
        return wait_s

    def succeed(self, user_name: str, address: str) -> None:
        """Say that the attempt that ``begin`` let through was right."""
        name = user_name.casefold()
        self._pairs.forgive(f"{len(name)}:{name}@{address}", all_of_them=True)
        self._addresses.forgive(address, all_of_them=False)
        self._names.forgive(name, all_of_them=False)
