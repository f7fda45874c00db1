"""Spans of sequence numbers, against plain sets."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts import spans as span_sets

SEQS = st.sets(st.integers(0, 60), max_size=40)


def numbers(spans: list[span_sets.Span]) -> set[int]:
    return {seq for first, end in spans for seq in range(first, end)}


def assert_canonical(spans: list[span_sets.Span]) -> None:
    assert all(first < end for first, end in spans)
    assert all(a[1] < b[0] for a, b in pairwise(spans))


@given(st.lists(st.integers(0, 60)))
def test_gathers_numbers_in_any_order_and_with_repeats(seqs: list[int]) -> None:
    spans = span_sets.spans_of(seqs)
    assert_canonical(spans)
    assert numbers(spans) == set(seqs)
    assert span_sets.count(spans) == len(set(seqs))


@given(SEQS, SEQS)
def test_unites_and_subtracts_like_sets(one: set[int], other: set[int]) -> None:
    a, b = span_sets.spans_of(one), span_sets.spans_of(other)
    united, rest = span_sets.unite(a, b), span_sets.subtract(a, b)
    assert_canonical(united)
    assert_canonical(rest)
    assert numbers(united) == one | other
    assert numbers(rest) == one - other


@given(SEQS, st.integers(-1, 61))
def test_finds_a_number_as_a_set_does(seqs: set[int], seq: int) -> None:
    assert span_sets.contains(span_sets.spans_of(seqs), seq) == (seq in seqs)


@given(SEQS)
def test_writes_what_it_reads(seqs: set[int]) -> None:
    spans = span_sets.spans_of(seqs)
    assert span_sets.parse_multirange(span_sets.format_multirange(spans)) == spans


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        pytest.param("{}", [], id="a boot that has committed nothing"),
        pytest.param("{[0,5),[7,9)}", [(0, 5), (7, 9)], id="a gap"),
        pytest.param(
            "{[9223372036854775806,9223372036854775807)}", [(2**63 - 2, 2**63 - 1)], id="the last seq there is"
        ),
    ],
)
def test_reads_the_text_of_postgresql(text: str, spans: list[span_sets.Span]) -> None:
    assert span_sets.parse_multirange(text) == spans
