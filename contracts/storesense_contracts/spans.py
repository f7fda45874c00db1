"""Sets of sequence numbers as sorted, disjoint spans, the way ``int8multirange`` keeps them.

A span is ``(first, end)`` with ``end`` excluded. All functions take and give sorted spans, apart from
one another.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

Span = tuple[int, int]

_SPAN = re.compile(r"\[(\d+),(\d+)\)")
_MAX = 1 << 63


def parse_multirange(text: str) -> list[Span]:
    """Read PostgreSQL's text of an ``int8multirange``, as ``{[0,5),[7,9)}``."""
    return [(int(first), int(end)) for first, end in _SPAN.findall(text)]


def format_multirange(spans: Sequence[Span]) -> str:
    """Write spans as PostgreSQL reads an ``int8multirange``."""
    return "{" + ",".join(f"[{first},{end})" for first, end in spans) + "}"


def spans_of(seqs: Iterable[int]) -> list[Span]:
    """Gather single numbers, in any order and with repeats, into spans."""
    spans: list[Span] = []
    for seq in sorted(seqs):
        if spans and seq <= spans[-1][1]:
            if seq == spans[-1][1]:
                spans[-1] = (spans[-1][0], seq + 1)
        else:
            spans.append((seq, seq + 1))
    return spans


def contains(spans: Sequence[Span], seq: int) -> bool:
    """Tell whether ``seq`` lies in one of the spans."""
    place = bisect_right(spans, (seq, _MAX))
    return place > 0 and seq < spans[place - 1][1]


def unite(one: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """Return the spans of what lies in either."""
    united: list[Span] = []
    for first, end in sorted([*one, *other]):
        if united and first <= united[-1][1]:
            if end > united[-1][1]:
                united[-1] = (united[-1][0], end)
        else:
            united.append((first, end))
    return united


def subtract(one: Iterable[Span], other: Sequence[Span]) -> list[Span]:
    """Return the spans of what lies in ``one`` and not in ``other``."""
    rest: list[Span] = []
    for span_first, end in one:
        first = span_first
        place = max(bisect_right(other, (first, _MAX)) - 1, 0)
        while place < len(other) and other[place][0] < end:
            cut_first, cut_end = other[place]
            if first < cut_first:
                rest.append((first, cut_first))
            first = max(first, cut_end)
            place += 1
        if first < end:
            rest.append((first, end))
    return rest


def count(spans: Iterable[Span]) -> int:
    """Return how many numbers the spans hold."""
    return sum(end - first for first, end in spans)
