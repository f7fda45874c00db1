import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.shares import share_bounds


@pytest.mark.parametrize(
    ("hits", "number", "expected", "why"),
    [
        (0, 10, (0.0, 0.2775), "none of ten may still be a quarter"),
        (10, 10, (0.7225, 1.0), "the mirror of it"),
        (81, 263, (0.2553, 0.3662), "the example of Newcombe (1998), table I, method 3"),
        (15, 148, (0.0624, 0.1605), "the same table"),
        (1, 29, (0.0061, 0.1718), "the same table, of few"),
    ],
)
def test_known_intervals(hits: int, number: int, expected: tuple[float, float], why: str) -> None:
    assert share_bounds(hits, number) == pytest.approx(expected, abs=5e-5), why


@given(st.integers(1, 100_000).flatmap(lambda number: st.tuples(st.integers(0, number), st.just(number))))
def test_the_share_lies_within_its_bounds(case: tuple[int, int]) -> None:
    hits, number = case
    low, high = share_bounds(hits, number)
    assert 0.0 <= low <= hits / number + 1e-12
    assert hits / number - 1e-12 <= high <= 1.0
    assert low < high


@pytest.mark.parametrize(("hits", "number"), [(0, 0), (3, 2), (-1, 4)])
def test_what_is_no_share_is_refused(hits: int, number: int) -> None:
    with pytest.raises(ValueError, match="of"):
        share_bounds(hits, number)
