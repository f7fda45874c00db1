"""Since when a till of one queue has been free: one that serves, and at which nobody is or seems to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from storesense_edge.vision.queue_posts import Posts


@dataclass(slots=True)
class FreeTills:
    """The free ones of one queue's tills.

    Args:
        tills: how many there are.

    Attributes:
        freed_s: of each till, when its last service was over.
        passed_s: of each till, when somebody was seen there last who was not served.
        since_s: since when a till has been free that serves; None while there is none.
    """

    tills: int
    freed_s: dict[int, float] = field(default_factory=dict)
    passed_s: dict[int, float] = field(default_factory=dict)
    since_s: float | None = None
    _manned_s: dict[int, float] = field(default_factory=dict)

    def look(self, held: AbstractSet[int], posts: Posts, at_s: float) -> None:
        """Find out since when a till has been free.

        Args:
            held: the tills at which somebody is.
            posts: which of them have a cashier.
            at_s: now.
        """
        since_s: list[float] = []
        for till in range(self.tills):
            if not posts.may_serve(till) or not (posts.is_known(till) or till in self.freed_s):
                self._manned_s.pop(till, None)
                continue
            manned_s = self._manned_s.setdefault(till, at_s)
            if till not in held:
                # Where somebody merely passed nobody could be served meanwhile.
                since_s.append(max(manned_s, *(when.get(till, manned_s) for when in (self.freed_s, self.passed_s))))
        self.since_s = min(since_s, default=None)

    def for_s(self, at_s: float) -> float:
        """For how long a till has been free."""
        return 0.0 if self.since_s is None else at_s - self.since_s
