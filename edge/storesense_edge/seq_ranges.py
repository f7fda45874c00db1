"""Ranges of sequence numbers, both ends included, as commit acks and drops speak of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storesense_contracts.spans import contains, unite

if TYPE_CHECKING:
    from collections.abc import Iterable


class SeqRanges:
    """A set of whole numbers kept as sorted, disjoint, merged ranges; built once, then asked.

    Args:
        ranges: pairs of first and last, both included, in any order; a pair whose last is below its first is empty.
    """

    __slots__ = ("_spans", "pairs")

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._spans = unite(((first, last + 1) for first, last in ranges if first <= last), ())
        self.pairs = tuple((first, end - 1) for first, end in self._spans)

    def __contains__(self, seq: int) -> bool:
        return contains(self._spans, seq)

    def __bool__(self) -> bool:
        return bool(self._spans)
