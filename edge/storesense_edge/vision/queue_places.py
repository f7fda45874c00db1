"""The order of a line: since when the first has waited, and the next, and all others.

In a crowd nobody can tell for minutes who of a line is who, but how many wait can be told at any time, and so can every
service that begins. People in a line keep their order. So the line is kept as the times at which its places were
taken: a newcomer adds one at the end, a service takes the first one away, and whoever is taken for somebody else
meanwhile changes neither. The wait of each who is served follows, as in the sample-path proof of Little's law (Stidham
1974), one customer at a time rather than in the mean.

Places are corrected by how many are seen to wait, slowly: more for some seconds are newcomers, fewer for longer have
gone away. Whoever was merely hidden gets the old place back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storesense_edge.vision.queue_customer import QueueSettings


@dataclass(frozen=True, slots=True)
class Gone:
    """A place that nobody has any more, without a service.

    Attributes:
        joined_s: when it was taken.
        end_s: when whoever had it was seen there last.
        was_seen: whether somebody was seen leaving.
        decided_s: when it was taken out of the line.
    """

    joined_s: float
    end_s: float
    was_seen: bool
    decided_s: float


@dataclass(slots=True)
class Places:
    """The places of one line, the first first.

    Args:
        settings: how people in a queue are followed.
    """

    settings: QueueSettings
    joined_s: list[float] = field(default_factory=list)
    _over_s: float = 0.0
    _over_since_s: float = 0.0
    _under_s: float = 0.0
    _leaving: list[Gone] = field(default_factory=list)
    _gone: list[Gone] = field(default_factory=list)
    _served: list[tuple[float, float, float]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.joined_s)

    def serve(self, at_s: float, own_joined_s: float) -> float:
        """Let a service begin, and return since when that customer has waited.

        Args:
            at_s: when.
            own_joined_s: since when the customer waited whom the track of the one who is served seems to be; taken
                where no line is known of.
        """
        joined_s = self._take(own_joined_s)
        self._served.append((at_s, joined_s, own_joined_s))
        for gone in self._leaving:
            if self._comes_along(gone, at_s, joined_s):
                self._drop(gone.joined_s)
        self._leaving = [gone for gone in self._leaving if not self._comes_along(gone, at_s, joined_s)]
        return joined_s

    def _take(self, own_joined_s: float) -> float:
        if not self.joined_s:
            return own_joined_s
        own = min(range(len(self.joined_s)), key=lambda index: abs(self.joined_s[index] - own_joined_s))
        # Whoever came as one of these places was taken has had that one; of others the line's order tells.
        return self.joined_s.pop(own if abs(self.joined_s[own] - own_joined_s) <= self.settings.same_s else 0)

    def went_s(self, since_s: float, until_s: float) -> float | None:
        """Return since when somebody had waited who was seen leaving the line in a span of time; None for nobody."""
        gone = [gone for gone in self._leaving if since_s <= gone.end_s <= until_s]
        return min((each.joined_s for each in gone), default=None)

    def serve_past(self, at_s: float, joined_s: float) -> float:
        """Let somebody be served who was in no line, since a till was free; return since when they waited."""
        self._served.append((at_s, joined_s, joined_s))
        return joined_s

    def empty(self) -> None:
        """Let nobody be in line: a till is free."""
        self.joined_s.clear()
        self._leaving.clear()
        self._gone.clear()
        self._over_s = self._under_s = 0.0

    def give_back(self, joined_s: float) -> None:
        """Put somebody back who was not served after all."""
        self._served = [served for served in self._served if served[1] != joined_s]
        self.joined_s.append(joined_s)
        self.joined_s.sort()

    def come_along(self, joined_s: float) -> None:
        """Let somebody have come with whoever is served now: the place that was taken as they came is nobody's."""
        if any(abs(place_s - joined_s) <= self.settings.same_s for place_s in self.joined_s):
            self._drop(joined_s)

    def leave(self, joined_s: float, end_s: float, at_s: float, *, was_seen: bool) -> None:
        """Note that somebody seems to have gone without a service: a track has left the line, or was lost in it."""
        gone = Gone(joined_s, end_s, was_seen, at_s)
        if any(self._comes_along(gone, then_s, served_s) for then_s, served_s, _ in self._served):
            self._drop(joined_s)
        else:
            self._leaving.append(gone)

    def has_company(self, joined_s: float, end_s: float) -> bool:
        """Whether whoever joined and left at these times came, and went on or away, with a customer."""
        gone = Gone(joined_s, end_s, was_seen=True, decided_s=end_s)
        return any(self._comes_along(gone, then_s, own_joined_s) for then_s, _, own_joined_s in self._served)

    def give_up(self, joined_s: float) -> None:
        """Let nobody have the place of somebody who was seen walking away, if it is known which that is."""
        self._leaving = [gone for gone in self._leaving if gone.joined_s != joined_s]
        self.come_along(joined_s)

    def end(self, at_s: float, joined_s: float, waiting: int, own_joined_s: float) -> None:
        """Let a service be over: who came with that customer and left with them gave nothing up, and waits no more.

        Args:
            at_s: when.
            joined_s: since when that customer had waited.
            waiting: how many were seen to wait after that.
            own_joined_s: since when whoever has their track had waited.
        """
        self._served.append((at_s, joined_s, own_joined_s))
        for gone in self._leaving:
            if self._comes_along(gone, at_s, joined_s):
                self._drop(gone.joined_s)
        self._leaving = [gone for gone in self._leaving if not self._comes_along(gone, at_s, joined_s)]
        self._gone = [gone for gone in self._gone if not self._comes_along(gone, at_s, joined_s)]
        if len(self.joined_s) > waiting:
            beside = [place_s for place_s in self.joined_s if abs(place_s - joined_s) <= self.settings.together_s]
            for place_s in beside[: len(self.joined_s) - waiting]:
                self.joined_s.remove(place_s)

    def step(self, at_s: float, passed_s: float, waiting_s: Sequence[float]) -> list[Gone]:
        """Let time pass.

        Args:
            at_s: now.
            passed_s: since the last step.
            waiting_s: since when each of those waits who are seen to wait, or are hidden for a moment.

        Returns:
            Places that are given up for good.
        """
        cfg = self.settings
        more = len(waiting_s) - len(self.joined_s)
        if more > 0:
            if self._over_s == 0.0:
                self._over_since_s = at_s
            self._over_s += more * passed_s
        else:
            self._over_s = max(0.0, self._over_s - 2 * passed_s)
        self._under_s = max(0.0, self._under_s - more * passed_s) if more else max(0.0, self._under_s - passed_s)
        if more > 0 and self._over_s >= cfg.newcomer_s:
            self._over_s = 0.0
            self._add(at_s, waiting_s)
        elif more < 0 and self._under_s >= cfg.gone_s:
            self._under_s = 0.0
            self._give_up(at_s)
        since_s = at_s - cfg.gone_s - cfg.end_together_s
        self._leaving = [gone for gone in self._leaving if gone.decided_s >= since_s]
        self._served = [served for served in self._served if served[0] >= at_s - cfg.end_together_s]
        over = [gone for gone in self._gone if at_s - gone.decided_s > cfg.return_s]
        if over:
            self._gone = [gone for gone in self._gone if gone not in over]
        return over

    def close(self) -> list[Gone]:
        """Return what is undecided, as the source ends."""
        gone, self._gone = self._gone, []
        return gone

    def _add(self, at_s: float, waiting_s: Sequence[float]) -> None:
        if self._gone:
            # They were there all the time.
            self.give_back(self._gone.pop().joined_s)
            return
        newest_s = max(waiting_s)
        if self.joined_s:
            # A track that is found again in a crowd seems to have come just now: nobody came before they were too many.
            newest_s = max(newest_s, self._over_since_s - self.settings.notice_s, self.joined_s[-1])
        self.joined_s.append(min(newest_s, at_s))

    def _give_up(self, at_s: float) -> None:
        seen = [gone for gone in self._leaving if gone.was_seen]
        told = max(seen or self._leaving, key=lambda gone: gone.end_s - gone.joined_s, default=None)
        if told is None:
            self._gone.append(Gone(self.joined_s.pop(), at_s, was_seen=False, decided_s=at_s))
            return
        self._leaving.remove(told)
        joined_s = self._drop(told.joined_s)
        self._gone.append(Gone(joined_s, max(told.end_s, joined_s), told.was_seen, at_s))

    def _drop(self, near_s: float) -> float:
        """Take out the place that was taken nearest to a time; without any, nothing happens."""
        if not self.joined_s:
            return near_s
        place = min(range(len(self.joined_s)), key=lambda index: abs(self.joined_s[index] - near_s))
        return self.joined_s.pop(place)

    def _comes_along(self, gone: Gone, served_at_s: float, joined_s: float) -> bool:
        cfg = self.settings
        is_together = abs(gone.joined_s - joined_s) <= cfg.together_s
        return is_together and abs(gone.end_s - served_at_s) <= cfg.end_together_s
