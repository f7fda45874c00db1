import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.backoff import Backoff

BACKOFF = Backoff(base_s=0.1, limit_s=3.0)


@pytest.mark.parametrize(
    ("failures", "chance", "wait_s", "why"),
    [
        (1, 0.0, 0.05, "half is certain"),
        (1, 1.0, 0.1, "all of the first step"),
        (3, 1.0, 0.4, "doubles each time"),
        (50, 1.0, 3.0, "never beyond the limit"),
        (100_000, 0.0, 1.5, "nor an overflow"),
    ],
)
def test_waits_double_up_to_a_limit(failures: int, chance: float, wait_s: float, why: str) -> None:
    assert BACKOFF.wait_s(failures, chance) == pytest.approx(wait_s), why


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_stay_between_half_the_base_and_the_limit(failures: int, chance: float) -> None:
    assert 0.05 <= BACKOFF.wait_s(failures, chance) <= 3.0


@pytest.mark.parametrize(("failures", "chance"), [(0, 0.5), (1, -0.1), (1, 1.1)])
def test_what_makes_no_sense_is_refused(failures: int, chance: float) -> None:
    with pytest.raises(ValueError, match="1 failure or more"):
        BACKOFF.wait_s(failures, chance)
