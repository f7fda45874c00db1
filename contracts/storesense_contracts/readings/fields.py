"""What readings of all streams are made of: instants, intervals, counts, masses."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 instant with an offset; UTC on our side")]
PeriodMs = Annotated[int, Meta(ge=1, le=60_000, description="length of the interval, milliseconds")]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
DurationMs = Annotated[int, Meta(ge=0, le=31_536_000_000, description="milliseconds")]
MassMg = Annotated[int, Meta(ge=-10_000_000_000, le=10_000_000_000, description="milligrams")]
Confidence = Annotated[float, Meta(ge=0.0, le=1.0)]
Units = Annotated[int, Meta(ge=0, le=1_000_000)]
CommandKindText = Annotated[str, Meta(pattern=r"^[a-z_]{1,32}\Z", description="a kind of command, such as identify")]


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one sensor found at one instant or over one interval."""

    measured_at: Instant
