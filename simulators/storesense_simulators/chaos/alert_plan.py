"""Which service is killed, and at which moment of an alert's way; a function of seed and count alone."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Moment(StrEnum):
    """When a kill strikes."""

    COMMITTED = "committed"
    """A reading that raises or ends an alert was committed a moment ago."""
    DECIDED = "decided"
    """The alert stands in the database, and nobody was told perhaps."""
    DELIVERING = "delivering"
    """The receiver has the message and has not answered."""
    ANY = "any"


@dataclass(frozen=True, slots=True)
class AlertKill:
    """One kill.

    Attributes:
        service: ``engine-0``, ``engine-1``, ``worker-0`` or ``worker-1``.
        moment: when.
        after_s: seconds after the moment.
        down_s: seconds until it is started again.
    """

    service: str
    moment: Moment
    after_s: float
    down_s: float


def services(each: int = 2) -> list[str]:
    """Name the services that are killed."""
    return [f"{part}-{no}" for part in ("engine", "worker") for no in range(each)]


def make_alert_plan(*, kills: int, seed: int) -> list[AlertKill]:
    """Return the kills in their order."""
    chance = random.Random(seed)  # noqa: S311 -- a plan to be repeated is no secret
    return [
        AlertKill(
            service=chance.choice(services()),
            moment=chance.choice(list(Moment)),
            after_s=chance.choice([0.0, chance.uniform(0.0, 0.02), chance.uniform(0.0, 0.3)]),
            down_s=chance.choice([0.0, chance.uniform(0.0, 1.5)]),
        )
        for _ in range(kills)
    ]
