"""Of which messages in an outbox the ages are known (decision 0014)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storesense_contracts.clock import to_epoch_us

if TYPE_CHECKING:
    from storesense_contracts.clock import Clock

_JUMP_US = 60_000_000
"""A wall clock that moves so far against the monotonic one was set; what NTP slews is far less."""


class KnownAges:
    """Watches the clock that messages are dated by.

    A clock that is set makes everything before look old. So ages count only by a clock that a gateway has confirmed,
    and only of messages that were written since it was last set.

    Args:
        clock: tells the time of day.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._base_us: int | None = None
        self._trusted_us: int | None = None
        self._steady_from_no = 0

    def trust(self) -> None:
        """Note that the wall clock is right at this moment: from now on ages mean something, until it is set."""
        self._trusted_us = self._wall_less_monotonic_us()

    def look(self, last_no: int) -> bool:
        """Look at the clock; tell whether it was set since the last look.

        Args:
            last_no: the newest message that may have been dated before the clock was set.
        """
        base_us = self._wall_less_monotonic_us()
        was_set = self._base_us is not None and abs(base_us - self._base_us) > _JUMP_US
        if was_set:
            self._steady_from_no = max(self._steady_from_no, last_no + 1)
        self._base_us = base_us
        return was_set

    @property
    def from_no(self) -> int | None:
        """From which message of this boot on ages are known, at the last look; None while no age is."""
        if self._base_us is None or self._trusted_us is None or abs(self._base_us - self._trusted_us) > _JUMP_US:
            return None
        return self._steady_from_no

    def _wall_less_monotonic_us(self) -> int:
        return to_epoch_us(self._clock.now()) - int(self._clock.monotonic_s() * 1e6)
