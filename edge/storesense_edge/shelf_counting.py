"""Counts by hand: what somebody found in a slot, set against what the shelf believes, and taken up."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from storesense_contracts.readings import CountedProduct, ShelfCounted, ShelfEventKind
from storesense_edge.shelf.errors import ShelfError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storesense_contracts.device_config import ConfigCount
    from storesense_edge.shelf.events import ShelfEvent
    from storesense_edge.shelf.pipeline import ShelfPipeline

COUNTS = "counts"
"""The component id of counts by hand in a shelf device's health readings."""

_KEPT_S = 3600.0
_MOST_KEPT = 1_000
# A slot that is being touched is asked again; whoever fills it for longer counts anew.
_PATIENCE_S = 120.0
_AGAIN_S = 900.0
_SIGNS = {
    ShelfEventKind.PICK: -1,
    ShelfEventKind.BULK_REMOVAL: -1,
    ShelfEventKind.PUT_BACK: 1,
    ShelfEventKind.RESTOCK: 1,
}


class HandCounts:
    """Takes up what was counted in one slot, each count once.

    What happened between the count and its arrival is added to it. A count from before the slot was watched says
    nothing of now. One that the weight cannot be is refused once, and believed when it comes again.

    Args:
        slot_id: the slot.
    """

    def __init__(self, slot_id: str) -> None:
        self._slot_id = slot_id
        self._watched_s: float | None = None
        self._done_no = 0
        self._waits_s: float | None = None
        self._moved: deque[tuple[float, str | None, int, bool]] = deque(maxlen=_MOST_KEPT)
        self._doubted: tuple[float, tuple[int, ...]] | None = None

    def is_new(self, count: ConfigCount | None) -> bool:
        """Whether there is a count that was not taken up or refused yet."""
        return count is not None and count.count_no > self._done_no

    def begin(self, now_s: float) -> None:
        """The slot is watched from now on."""
        self._watched_s = now_s
        self._moved.clear()

    def saw(self, event: ShelfEvent, at_s: float) -> None:
        """Note an event as it was told."""
        sign = _SIGNS.get(event.kind)
        if sign is not None:
            self._moved.append((at_s, event.sku, sign * event.units, event.ambiguous))

    def take(
        self, count: ConfigCount | None, pipeline: ShelfPipeline, skus: Sequence[str], now_s: float
    ) -> ShelfCounted | None:
        """Take up a count if it is new; return what became of it, None for nothing yet.

        Args:
            count: what the gateway says was counted last.
            pipeline: the slot's chain.
            skus: the slot's products, its own first.
            now_s: the time.
        """
        if count is None or not self.is_new(count) or self._watched_s is None:
            return None
        counted_s = min(count.counted_at.timestamp(), now_s)
        if now_s - counted_s > _KEPT_S:
            self._done_no = count.count_no
            return None
        if not pipeline.rests:
            self._waits_s = now_s if self._waits_s is None else self._waits_s
            if now_s - self._waits_s < _PATIENCE_S:
                return None
        self._waits_s, self._done_no = None, count.count_no
        return self._taken(count, pipeline, skus, counted_s, now_s)

    def _taken(
        self, count: ConfigCount, pipeline: ShelfPipeline, skus: Sequence[str], counted_s: float, now_s: float
    ) -> ShelfCounted:
        if len(count.units) != len(skus):
            return self._refused(count, f"{len(count.units)} numbers were counted and {len(skus)} products lie there")
        if self._watched_s is None or counted_s < self._watched_s:
            return self._refused(count, "the shelf was started, or set to zero, after it was counted; count again")
        since = [each for each in self._moved if each[0] >= counted_s]
        if any(is_ambiguous for *_, is_ambiguous in since):
            return self._refused(
                count, "since it was counted, something was moved of which it is not sure what; count again"
            )
        moved = [sum(units for _, sku, units, _ in since if sku == each) for each in skus]
        units = [counted + change for counted, change in zip(count.units, moved, strict=True)]
        believed = pipeline.stock()
        if believed is None:
            return self._refused(count, "the slot has not come to rest; leave it alone and count again")
        if min(units) < 0:
            return self._refused(count, "more was taken since than was counted; count again")
        doubted = self._doubted
        is_certain = doubted is not None and now_s - doubted[0] <= _AGAIN_S and doubted[1] == tuple(units)
        try:
            if not pipeline.counted(units, is_certain=is_certain):
                self._doubted = (now_s, tuple(units))
                return self._refused(
                    count,
                    f"the weight says {_listed(believed.units)}; count again, and the same number is believed then",
                )
        except ShelfError as exc:
            return self._refused(count, str(exc))
        self._doubted = None
        return ShelfCounted(
            slot_id=self._slot_id,
            count_no=count.count_no,
            is_taken=True,
            products=tuple(
                CountedProduct(sku=sku, counted_units=counted, believed_units=max(0, held - change), confidence=sure)
                for sku, counted, held, change, sure in zip(
                    skus, count.units, believed.units, moved, believed.sure_of, strict=True
                )
            ),
        )

    def _refused(self, count: ConfigCount, reason: str) -> ShelfCounted:
        return ShelfCounted(
            slot_id=self._slot_id, count_no=count.count_no, is_taken=False, reason=f"Not taken up: {reason}."
        )


def _listed(units: Sequence[int]) -> str:
    return " and ".join(str(n) for n in units)
