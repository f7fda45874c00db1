"""What a KPI is computed from: minutes, quarters of an hour or waits themselves, by the span's length and age.

Minutes and quarters are sums of the same whole numbers, so the choice changes how long a query takes, never its answer.
Waits are the exception: their 90th percentile comes from the waits of a short and young span, and from histograms of a
longer one or one whose waits have been dropped.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storesense_backend.ranges import MINUTE, TimeSpan, floor_to

QUARTER = timedelta(minutes=15)
_FINE_SPAN = timedelta(hours=2)
_EXACT_WAITS_SPAN = timedelta(days=2)

WAIT_EDGES_S = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1800)
"""Upper edges of the histogram's steps: the columns ``wait_le_5s`` to ``wait_le_1800s`` of the rollups."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How a span is put together.

    Attributes:
        from_at: the first minute's beginning.
        quarters_from_at: minutes before are taken one by one,
        quarters_to_at: so are those from here on; between them whole quarters of an hour are. Equal where none are.
        to_at: the end, excluded.
        whole_until: only minutes that begin before count as measured.
        has_exact_waits: whether waits are taken one by one.
    """

    from_at: datetime
    quarters_from_at: datetime
    quarters_to_at: datetime
    to_at: datetime
    whole_until: datetime
    has_exact_waits: bool

    @property
    def parameters(self) -> dict[str, datetime]:
        """The instants, as the queries name them."""
        return {
            "from_at": self.from_at,
            "quarters_from_at": self.quarters_from_at,
            "quarters_to_at": self.quarters_to_at,
            "to_at": self.to_at,
            "whole_until": self.whole_until,
        }


def choose_steps(span: TimeSpan, *, whole_until: datetime, raw_from_at: datetime | None) -> Steps:
    """Decide what a span is computed from.

    Args:
        span: what is asked for.
        whole_until: where its last whole minute that is past ends.
        raw_from_at: readings before have been dropped; None if none have.
    """
    from_at = floor_to(span.from_at, MINUTE)
    quarters_from_at = floor_to(from_at + QUARTER - MINUTE, QUARTER)
    quarters_to_at = floor_to(min(span.to_at, whole_until), QUARTER)
    if span.duration <= _FINE_SPAN or quarters_to_at <= quarters_from_at:
        quarters_from_at = quarters_to_at = span.to_at
    return Steps(
        from_at=from_at,
        quarters_from_at=quarters_from_at,
        quarters_to_at=quarters_to_at,
        to_at=span.to_at,
        whole_until=whole_until,
        has_exact_waits=span.duration <= _EXACT_WAITS_SPAN and (raw_from_at is None or raw_from_at <= from_at),
    )


def histogram_quantile_s(counts: Sequence[int], total: int, share: float) -> float | None:
    """Return the wait that a share of visits did not exceed, in seconds; None without visits.

    Within a step of the histogram waits are taken as spread evenly, as Prometheus' ``histogram_quantile`` does; beyond
    the last edge nothing is known but that edge.

    Args:
        counts: of each of ``WAIT_EDGES_S``, how many visits waited no longer.
        total: how many there were.
        share: between 0 and 1.
    """
    if total == 0:
        return None
    rank = share * total
    steps = itertools.pairwise(zip((0, *WAIT_EDGES_S), (0, *counts), strict=True))
    for (low_s, before), (high_s, upto) in steps:
        if upto >= rank and upto > before:
            return low_s + (high_s - low_s) * (rank - before) / (upto - before)
    return float(WAIT_EDGES_S[-1])


def histogram_share(counts: Sequence[int], total: int, wait_s: float) -> float | None:
    """Return the share of visits that waited no longer than ``wait_s``; None without visits.

    Exact where ``wait_s`` is an edge; between two edges waits are taken as spread evenly, and beyond the last one it is
    the share up to there.

    Args:
        counts: of each of ``WAIT_EDGES_S``, how many visits waited no longer.
        total: how many there were.
        wait_s: seconds.
    """
    if total == 0:
        return None
    steps = itertools.pairwise(zip((0, *WAIT_EDGES_S), (0, *counts), strict=True))
    for (low_s, before), (high_s, upto) in steps:
        if wait_s <= high_s:
            return (before + (upto - before) * (wait_s - low_s) / (high_s - low_s)) / total
    return counts[-1] / total
