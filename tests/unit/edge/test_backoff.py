import random

from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.backoff import Backoff


@given(attempt=st.integers(0, 10_000), seed=st.integers(0, 100))
def test_waits_lie_between_half_and_all_of_their_step(attempt: int, seed: int) -> None:
    step_s = min(30.0, 0.5 * 2.0 ** min(attempt, 20))
    wait_s = Backoff(0.5, 30.0).wait_s(attempt, random.Random(seed))  # noqa: S311
    assert step_s / 2 <= wait_s <= step_s


def test_two_devices_do_not_knock_together() -> None:
    waits = {Backoff(1.0, 60.0).wait_s(3, random.Random(seed)) for seed in range(20)}  # noqa: S311
    assert len(waits) == 20
