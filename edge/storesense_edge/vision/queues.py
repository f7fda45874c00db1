"""Queues: who waits for a till, for how long, and whether they were served or gave up.

A person queues who is slow inside the queue's area; walking through is no queueing. The wait runs from becoming slow
to reaching the till, the service from there to leaving it. Whoever is seen leaving without having reached a till has
abandoned. One till serves one person at a time (`servers` tells otherwise), so the next in line, who may stand within
reach of the till as well, still waits. Who came together is one customer. A queue may serve several tills, each with
its place: those of a self-checkout are as many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.queue_areas import QueueAreas
from storesense_edge.vision.queue_customer import Left, QueueSettings, QueueShape
from storesense_edge.vision.queue_line import QueueLine
from storesense_edge.vision.queue_workers import Workers
from storesense_edge.vision.zones import check_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Sightings

MAX_TILLS = 100


class QueueOutcome(StrEnum):
    """How a visit to a queue ended."""

    SERVED = "served"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Queue:
    """A waiting area with its tills.

    Attributes:
        queue_id: its name in the site file.
        corners_xy: corners of the area in order. The places where people are served may lie in it or outside.
        tills_xy: where people stand while they are served, one point a till or station. Without any, whoever leaves
            counts as served at that moment: giving up cannot be told from being served.
        till_heights: within this distance of one (heights of the person) somebody is at the till.
        join_s: slow for this long in total, a person queues.
        servers: how many are served at once where `tills_xy` is a single point; of several, each serves one.
        lane_ids: the lane of each till; none where a till cannot be told to be one lane's.
        cashiers_xy: where cashiers of these and of the lanes beside them stand. With them known, whoever stands at a
            free till and nearer to it than to any cashier's place is a customer without having come by the area.
        posts_xy: where the cashier of each till is, as far as in view; None for others. A till whose cashier is not
            there serves nobody.
    """

    queue_id: str
    corners_xy: tuple[tuple[float, float], ...]
    tills_xy: tuple[tuple[float, float], ...] = ()
    till_heights: float = 0.45
    join_s: float = 2.0
    servers: int = 1
    lane_ids: tuple[str, ...] = ()
    cashiers_xy: tuple[tuple[float, float], ...] = ()
    posts_xy: tuple[tuple[float, float] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueVisit:
    """One visit to a queue that is over; nothing in it says who.

    Attributes:
        queue_id: which queue.
        joined_s: when the person began to wait.
        wait_s: until the till was reached, or until giving up.
        service_s: time at the till; 0 for those who gave up.
        outcome: served, abandoned, or unknown where nobody saw how it ended; the wait is until the last sighting then.
    """

    queue_id: str
    joined_s: float
    wait_s: float
    service_s: float
    outcome: QueueOutcome


@dataclass(frozen=True, slots=True)
class LaneWork:
    """What the tills of one lane did since the last sample.

    Attributes:
        lane_id: which lane.
        tills: how many tills it has.
        busy_s: till-seconds spent serving.
        served: how many were served.
    """

    lane_id: str
    tills: int
    busy_s: float
    served: int


@dataclass(frozen=True, slots=True)
class QueueSample:
    """What a queue looks like, and which visits ended since the last sample.

    Attributes:
        queue_id: which queue.
        waiting: people who wait, without those being served; who came together is one.
        serving: people at the tills.
        longest_wait_s: how long the one who waits longest has waited so far.
        visits: those that ended since the last sample.
        lost: people of whom the tracker lost sight while they waited since the last sample; how their wait ended
            nobody saw, so they are neither served nor abandoned.
        busy_s: till-seconds spent serving since the last sample.
        unknown: the visits of those who were lost, and of those who waited as the source ended.
        lanes: what each lane's tills did.
    """

    queue_id: str
    waiting: int
    serving: int
    longest_wait_s: float
    visits: tuple[QueueVisit, ...] = ()
    lost: int = 0
    busy_s: float = 0.0
    unknown: tuple[QueueVisit, ...] = ()
    lanes: tuple[LaneWork, ...] = ()


@dataclass(slots=True)
class _Counted:
    line: QueueLine
    visits: list[QueueVisit] = field(default_factory=list)
    unknown: list[QueueVisit] = field(default_factory=list)
    lost: int = 0

    def note(self, queue: Queue, left: Left) -> None:
        """Note whose time in the queue is over."""
        if left.served is None:
            self.lost += not left.is_cut_short
            wait_s = max(0.0, left.end_s - left.joined_s)
            self.unknown.append(QueueVisit(queue.queue_id, left.joined_s, wait_s, 0.0, QueueOutcome.UNKNOWN))
        else:
            self.visits.append(_visit(queue, left))


class QueueCounter:
    """Measures several queues.

    Args:
        queues: the queues, in one plane; their ids differ.
        settings: how people in a queue are followed.

    Raises:
        GeometryError: an area cannot hold anybody, a till is no point, or two queues share an id.
    """

    def __init__(self, queues: Sequence[Queue], *, settings: QueueSettings | None = None) -> None:
        self.queues = tuple(queues)
        check_ids([queue.queue_id for queue in queues], kind="queue")
        for queue in queues:
            if not np.isfinite(np.array(queue.tills_xy, dtype=np.float64)).all():
                raise GeometryError(
                    shape=f"queue {queue.queue_id}", cause="its till is no point", remedy="give two finite numbers"
                )
            if len(queue.tills_xy) > MAX_TILLS:
                raise GeometryError(
                    shape=f"queue {queue.queue_id}",
                    cause=f"it has {len(queue.tills_xy)} tills",
                    remedy=f"give it at most {MAX_TILLS}",
                )
        self._areas = QueueAreas([q.corners_xy for q in queues], names=[f"queue {q.queue_id}" for q in queues])
        self._counted = [_Counted(QueueLine(_shape(queue), settings or QueueSettings())) for queue in queues]
        cashiers = [xy for queue in queues for xy in queue.cashiers_xy]
        self._workers = Workers(np.array(cashiers, dtype=np.float64).reshape(-1, 2))
        self._at_s = 0.0

    def step(self, seen: Sightings) -> None:
        """Take one picture; those in it who work here are in no line while they are at their places."""
        if not self.queues:
            return
        self._at_s = seen.at_s
        everybody = seen
        inside = self._areas.contain(seen.points_xy, seen.scales)
        in_any = inside.any(axis=1) | self._is_at_till(seen)
        working = self._workers.step(seen, in_any)
        if working:
            others = np.array([number not in working for number in seen.ids.tolist()], dtype=np.bool_)
            seen, inside, in_any = seen.only(others), inside[others], in_any[others]
        for place, (queue, counted) in enumerate(zip(self.queues, self._counted, strict=True)):
            for left in counted.line.step(seen, inside[:, place], everybody=everybody, in_any=in_any):
                counted.note(queue, left)

    def _is_at_till(self, seen: Sightings) -> NDArray[np.bool_]:
        """(N,) who is where customers are served."""
        here = np.zeros(len(seen.ids), dtype=np.bool_)
        for counted in self._counted:
            shape = counted.line.shape
            off = seen.points_xy[:, None, :] - shape.tills_xy[None, :, :]
            here |= (np.sqrt((off * off).sum(axis=2)) <= shape.till_heights * seen.scales[:, None]).any(axis=1)
        return here

    def keeping_place(self) -> frozenset[int]:
        """Return the numbers of those who wait in line or are being served; for this box alone."""
        return frozenset(number for counted in self._counted for number in counted.line.keeps_place())

    def samples(self) -> list[QueueSample]:
        """Return what every queue looks like now, without its visits."""
        result = []
        for queue, counted in zip(self.queues, self._counted, strict=True):
            waiting = counted.line.waiting()
            longest_s = max((self._at_s - customer.joined_s for customer in waiting), default=0.0)
            result.append(QueueSample(queue.queue_id, len(waiting), counted.line.serving(), longest_s))
        return result

    def take(self) -> list[QueueSample]:
        """Return a sample of every queue with the visits that ended since the last call."""
        result = [
            QueueSample(
                s.queue_id,
                s.waiting,
                s.serving,
                s.longest_wait_s,
                tuple(counted.visits),
                counted.lost,
                sum(counted.line.tills.busy_s.values()),
                tuple(counted.unknown),
                _lanes(queue, counted.line),
            )
            for s, queue, counted in zip(self.samples(), self.queues, self._counted, strict=True)
        ]
        for counted in self._counted:
            counted.visits.clear()
            counted.unknown.clear()
            counted.lost = 0
            counted.line.tills.busy_s.clear()
            counted.line.tills.served.clear()
        return result

    def close(self) -> None:
        """End the open visits, as a source ends: how they would have gone on, nobody knows."""
        for queue, counted in zip(self.queues, self._counted, strict=True):
            for left in counted.line.close():
                counted.note(queue, left)


def _lanes(queue: Queue, line: QueueLine) -> tuple[LaneWork, ...]:
    tills: dict[str, list[int]] = {}
    for till, lane_id in enumerate(queue.lane_ids):
        tills.setdefault(lane_id, []).append(till)
    return tuple(
        LaneWork(
            lane_id,
            len(own),
            sum(line.tills.busy_s.get(till, 0.0) for till in own),
            sum(line.tills.served.get(till, 0) for till in own),
        )
        for lane_id, own in tills.items()
    )


def _shape(queue: Queue) -> QueueShape:
    return QueueShape(
        ring_xy=np.array(queue.corners_xy, dtype=np.float64).reshape(-1, 2),
        tills_xy=np.array(queue.tills_xy, dtype=np.float64).reshape(-1, 2),
        till_heights=queue.till_heights,
        till_servers=queue.servers if len(queue.tills_xy) == 1 else 1,
        join_s=queue.join_s,
        cashiers_xy=np.array(queue.cashiers_xy, dtype=np.float64).reshape(-1, 2),
        posts_xy=np.array([post or (np.nan, np.nan) for post in queue.posts_xy], dtype=np.float64).reshape(-1, 2),
    )


def _visit(queue: Queue, left: Left) -> QueueVisit:
    outcome = QueueOutcome.SERVED if left.served or not queue.tills_xy else QueueOutcome.ABANDONED
    return QueueVisit(
        queue.queue_id,
        left.joined_s,
        max(0.0, left.begun_s - left.joined_s),
        max(0.0, left.end_s - max(left.begun_s, left.joined_s)),
        outcome,
    )
