"""What goes wrong, in which order: a pure function of the seed and the number of kills."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

_Item = TypeVar("_Item")

_DAY_S = 86_400.0
_CLOCK_OFFSETS_S = (45.0, -45.0, 7_200.0, -7_200.0, -3 * _DAY_S, 9 * _DAY_S, -2_000.0 * _DAY_S, -20_000.0 * _DAY_S)
"""Within the gateway's tolerance and out of it; past the outbox's age limit; before 2025, and back in 1971."""
_FAULT_CHANCE = 0.5
_OVERLAP_CHANCE = 0.35
_SALVO_CHANCE = 0.5
_MOST_AT_ONCE = 6


class Part(StrEnum):
    """A process that is killed."""

    EDGE = "edge"
    BROKER = "broker"
    GATEWAY = "gateway"
    DATABASE = "database"


class Wire(StrEnum):
    """A connection that goes through a fault proxy."""

    EDGE_BROKER = "edge-broker"
    GATEWAY_BROKER = "gateway-broker"
    GATEWAY_DATABASE = "gateway-database"


class Fault(StrEnum):
    """What a proxy does to a wire."""

    PASS = "pass"  # noqa: S105 -- no password, but what a healthy proxy does
    REFUSE = "refuse"
    """Connections are cut, and new ones refused."""
    RESET = "reset"
    """Connections are cut with a reset, and new ones are cut as soon as they are made."""
    BLACKHOLE = "blackhole"
    """Connections stay, and nothing gets through until the end, when it all does."""
    DELAY = "delay"
    """Everything arrives, late."""
    HALF_OPEN = "half-open"
    """Connections stay and nothing gets through them any more, ever; new ones work."""


@dataclass(frozen=True, slots=True)
class Kill:
    """``kill -9`` of one part ``after_s`` into the step, and its restart after ``down_s``.

    Of two kills of one part in a step, the second follows the restart by its ``after_s``: it falls into a start.
    """

    part: Part
    which: int
    down_s: float
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """A fault on one wire for ``for_s``."""

    wire: Wire
    which: int
    fault: Fault
    for_s: float


@dataclass(frozen=True, slots=True)
class FillDisk:
    """No file of one edge agent takes another byte for ``for_s``."""

    which: int
    for_s: float


@dataclass(frozen=True, slots=True)
class JumpClock:
    """One edge agent's clock is off by ``offset_s`` for ``for_s``, and then right again."""

    which: int
    offset_s: float
    for_s: float


Trouble = Cut | FillDisk | JumpClock


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that goes wrong.

    Attributes:
        after_s: how long everything runs in peace before.
        kills: what is killed, if anything; several are a salvo, which strikes while others are down or starting.
        trouble: what else goes wrong; with a kill, the kill falls into it.
    """

    after_s: float
    kills: tuple[Kill, ...]
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class Shape:
    """What there is to break: numbers of edge agents and gateways, and whether the database is ours to kill."""

    edges: int
    gateways: int
    owns_database: bool


def make_plan(*, kills: int, seed: int, shape: Shape) -> tuple[Step, ...]:
    """Return the steps of a run: exactly ``kills`` kills, each part about as often, with other troubles between them.

    Half of the steps with kills have one, and the others a salvo of several. A longer plan of the same seed begins like
    a shorter one, but for the shorter one's last salvo.

    Args:
        kills: how many times something is killed.
        seed: the same seed gives the same steps.
        shape: what there is to break.
    """
    rng = random.Random(f"storesense chaos {seed}")  # noqa: S311 -- a plan that can be replayed, not a secret
    parts = _dealt(rng, [part for part in Part if part is not Part.DATABASE or shape.owns_database])
    troubles = _troubles(rng, shape)
    steps: list[Step] = []
    left = kills
    while left > 0:
        count = rng.randint(2, _MOST_AT_ONCE) if rng.random() < _SALVO_CHANCE else 1
        struck = tuple(_kill(rng, next(parts), shape, in_salvo=count > 1) for _ in range(count))[:left]
        left -= count
        trouble = next(troubles) if rng.random() < _FAULT_CHANCE else None
        if trouble is not None and rng.random() >= _OVERLAP_CHANCE:
            steps.append(Step(_peace_s(rng), (), trouble))
            trouble = None
        steps.append(Step(_peace_s(rng), struck, trouble))
    return tuple(steps)


def _kill(rng: random.Random, part: Part, shape: Shape, *, in_salvo: bool) -> Kill:
    which, down_s = _which(rng, part, shape), round(rng.uniform(0.0, 1.5), 3)
    return Kill(part, which, down_s, round(rng.uniform(0.0, 0.8), 3) if in_salvo else 0.0)


def _peace_s(rng: random.Random) -> float:
    return round(rng.uniform(0.05, 1.2), 3)


def _which(rng: random.Random, part: Part, shape: Shape) -> int:
    return rng.randrange({Part.EDGE: shape.edges, Part.GATEWAY: shape.gateways}.get(part, 1))


def _dealt(rng: random.Random, items: Sequence[_Item]) -> Iterator[_Item]:
    """Deal shuffled rounds of ``items`` for ever, so that none is left out for long."""
    while True:
        deck = list(items)
        rng.shuffle(deck)
        yield from deck


def _troubles(rng: random.Random, shape: Shape) -> Iterator[Trouble]:
    wires = [(wire, fault) for wire in Wire for fault in Fault if fault is not Fault.PASS]
    kinds: list[type[FillDisk | JumpClock] | tuple[Wire, Fault]] = [*wires]
    kinds += [FillDisk, JumpClock] * 4
    offsets = _dealt(rng, _CLOCK_OFFSETS_S)
    for kind in _dealt(rng, kinds):
        for_s = round(rng.uniform(0.3, 4.0), 3)
        if kind is FillDisk:
            yield FillDisk(rng.randrange(shape.edges), for_s)
        elif kind is JumpClock:
            yield JumpClock(rng.randrange(shape.edges), next(offsets), for_s)
        elif isinstance(kind, tuple):
            wire, fault = kind
            ends = shape.edges if wire is Wire.EDGE_BROKER else shape.gateways
            yield Cut(wire, rng.randrange(ends), fault, for_s)
