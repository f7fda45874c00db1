"""Ranges of sequence numbers, both ends included, as commit acks and drops speak of them."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class SeqRanges:
    """A set of whole numbers kept as sorted, disjoint, merged ranges; built once, then asked.

    Args:
        ranges: pairs of first and last, both included, in any order; a pair whose last is below its first is empty.
    """

    __slots__ = ("_firsts", "pairs")

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        merged: list[tuple[int, int]] = []
        for first, last in sorted(pair for pair in ranges if pair[0] <= pair[1]):
            if merged and first <= merged[-1][1] + 1:
                if last > merged[-1][1]:
                    merged[-1] = (merged[-1][0], last)
            else:
                merged.append((first, last))
        self.pairs = tuple(merged)
        self._firsts = [first for first, _ in merged]

    def __contains__(self, seq: int) -> bool:
        place = bisect_right(self._firsts, seq)
        return place > 0 and seq <= self.pairs[place - 1][1]

    def __bool__(self) -> bool:
        return bool(self.pairs)
