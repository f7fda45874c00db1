import itertools

from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.seq_ranges import SeqRanges

RANGES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12)


@given(ranges=RANGES)
def test_a_number_is_in_it_exactly_when_a_range_covers_it(ranges: list[tuple[int, int]]) -> None:
    seqs = SeqRanges(ranges)
    for seq in range(-2, 45):
        assert (seq in seqs) == any(first <= seq <= last for first, last in ranges)


@given(ranges=RANGES)
def test_pairs_are_sorted_and_do_not_touch(ranges: list[tuple[int, int]]) -> None:
    pairs = SeqRanges(ranges).pairs
    assert all(first <= last for first, last in pairs)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(pairs))


def test_nothing_is_false() -> None:
    assert not SeqRanges([(3, 2)])
    assert SeqRanges([(3, 3)])
