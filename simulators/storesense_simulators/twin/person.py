"""Somebody in the store: a body on the floor, and a mind that decides what it does next."""

from collections import deque
from typing import TYPE_CHECKING, Protocol

from storesense_simulators.twin.people import Kind

if TYPE_CHECKING:
    from storesense_simulators.twin.shop import Point


class Mind(Protocol):
    """What decides for somebody. Both calls come at most once for each walk or wait that was begun."""

    def arrived(self, person: "Person") -> None:
        """The walk that was begun has ended."""

    def due(self, person: "Person") -> None:
        """The wait that was begun is over."""


class Person:
    """A body and its way.

    Attributes:
        number: in the truth, from 1; staff from 10,000,001.
        row: their row of People, while they are there.
        party_no: with whom they came, from 1; 0 for staff.
        speed_m_s: how fast they walk when nobody is in the way.
        way: the spots that are still to be walked to, after the present one.
        goal: where the way ends.
        by: the spot within sight of it to which many ways are asked for, if any.
        zones: the zones they are in, a bit each, and since when, by zone.
        wait_no: counts begun waits; a timer of an earlier one is void.
        is_there: whether they are in the store.
    """

    __slots__ = (
        "by",
        "goal",
        "is_there",
        "kind",
        "mind",
        "number",
        "party_no",
        "reach_m",
        "row",
        "speed_m_s",
        "wait_no",
        "way",
        "zones",
        "zones_since_ms",
    )

    def __init__(self, number: int, kind: Kind, mind: Mind, *, party_no: int, speed_m_s: float) -> None:
        self.number = number
        self.kind = kind
        self.mind = mind
        self.party_no = party_no
        self.speed_m_s = speed_m_s
        self.row = -1
        self.way: deque[Point] = deque()
        self.goal: Point = (0.0, 0.0)
        self.by: Point | None = None
        self.reach_m = 0.0
        self.zones = 0
        self.zones_since_ms: dict[int, int] = {}
        self.wait_no = 0
        self.is_there = False

    @property
    def is_staff(self) -> bool:
        """Whether they work here."""
        return self.kind is Kind.STAFF
