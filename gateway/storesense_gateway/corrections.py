"""What a correction of a shelf event becomes: a row that withdraws what was told, and one that says what it was.

Both stand in the table of the events, with the event's time, so that every sum over it is that of the corrected story,
in whatever order the messages come. The row that withdraws has a place of its own in the message, from -1 down.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from storesense_contracts.readings import ShelfAlternative, ShelfCorrection


class CorrectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of a correction's rows: what its columns say, and the correction itself."""

    correction: ShelfCorrection
    is_withdrawn: bool
    event: str
    units: int
    delta_mg: int
    sku: str | None
    alternatives: tuple[ShelfAlternative, ...] = ()
    burst_units: int | None = None
    straddles: str | None = None

    @property
    def measured_at(self) -> datetime:
        """When the event happened."""
        return self.correction.measured_at

    @property
    def event_no(self) -> int:
        """Which event of its slot and boot it is about."""
        return self.correction.event_no

    @property
    def correction_no(self) -> int:
        """Which correction of that event it is, from 1."""
        return self.correction.correction_no

    @property
    def confidence(self) -> float:
        """How sure it is."""
        return self.correction.confidence

    @property
    def is_ambiguous(self) -> bool:
        """Whether the weight allows several answers still."""
        return self.correction.is_ambiguous


def reading_idx(row_idx: int) -> int:
    """Return the place in its message of the reading that a row was made of."""
    return row_idx if row_idx >= 0 else -1 - row_idx


def rows_of(idx: int, correction: ShelfCorrection) -> Iterator[tuple[int, CorrectionRow]]:
    """Yield the rows of a correction that stands at ``idx`` in its message, each with a place that no other row has."""
    yield (
        -1 - idx,
        CorrectionRow(
            correction=correction,
            is_withdrawn=True,
            event=correction.told_event,
            units=-correction.told_units,
            delta_mg=-correction.told_delta_mg,
            sku=correction.told_sku,
        ),
    )
    if correction.event is not None:
        yield (
            idx,
            CorrectionRow(
                correction=correction,
                is_withdrawn=False,
                event=correction.event,
                units=correction.units,
                delta_mg=correction.delta_mg,
                sku=correction.sku,
                alternatives=correction.alternatives,
            ),
        )
