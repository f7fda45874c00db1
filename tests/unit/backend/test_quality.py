"""The band round visitors, from the audits of the lines."""

from typing import Any

import msgspec
import pytest

from storesense_backend.quality import error_band, newest_audits
from storesense_contracts.readings import Direction, LineAccuracy


def audit(line_id: str, error: float | None, low: float, high: float, direction: str = "in") -> dict[str, Any]:
    return {"line_id": line_id, "direction": direction, "error": error, "error_low": low, "error_high": high}


def test_a_line_that_counts_too_few_has_more_people_than_it_says() -> None:
    band = error_band({"door": 95}, [audit("door", -0.05, -0.10, 0.0)])
    assert band == pytest.approx((95.0, 95 / 0.9))


def test_errors_of_several_lines_are_independent() -> None:
    one = error_band({"a": 100}, [audit("a", 0.0, -0.1, 0.1)])
    two = error_band({"a": 100, "b": 100}, [audit("a", 0.0, -0.1, 0.1), audit("b", 0.0, -0.1, 0.1)])
    assert one is not None
    assert two is not None
    assert 200 - two[0] == pytest.approx((100 - one[0]) * 2**0.5)


def test_the_middle_of_the_band_is_what_the_audits_make_of_the_counts() -> None:
    # 90 of 100 and 45 of 50 were counted; each may be off by some people more or fewer.
    band = error_band({"a": 90, "b": 45}, [audit("a", -0.1, -0.19, 0.0), audit("b", -0.1, -0.19, 0.0)])
    assert band is not None
    below = (10**2 + 5**2) ** 0.5
    above = ((90 / 0.81 - 100) ** 2 + (45 / 0.81 - 50) ** 2) ** 0.5
    assert band == pytest.approx((150 - below, 150 + above))


@pytest.mark.parametrize(
    ("counts", "audits", "why"),
    [
        ({}, [], "nothing was counted"),
        ({"door": 0}, [audit("door", 0.0, -0.1, 0.1)], "nobody was counted"),
        ({"door": 5}, [], "it was never audited"),
        ({"door": 5}, [audit("door", 0.0, -0.1, 0.1, "out")], "only the other way was audited"),
        ({"door": 5, "back": 1}, [audit("door", 0.0, -0.1, 0.1)], "one of them was not"),
        ({"door": 5}, [audit("door", None, -1.0, 3.0)], "nobody was tallied"),
        ({"door": 5}, [audit("door", -0.5, -1.0, 3.0)], "the audit was too short to say"),
    ],
)
def test_no_band_is_made_up(counts: dict[str, int], audits: list[dict[str, Any]], why: str) -> None:
    assert error_band(counts, audits) is None, why


def told(measured_at: str, tallied: int, counted: int) -> dict[str, Any]:
    accuracy = LineAccuracy(
        line_id="door",
        direction=Direction.OUT,
        tallied_count=tallied,
        counted_count=counted,
        missed_count=0,
        extra_count=max(0, counted - tallied),
        error_low=-0.1,
        error_high=0.1,
    )
    return {"measured_at": measured_at, "audit_ms": 60_000, "accuracy": msgspec.json.encode([accuracy])}


def test_an_hour_in_which_nobody_left_hides_no_older_audit() -> None:
    (found,) = newest_audits([told("c", 0, 1), told("b", 40, 42), told("a", 50, 40)])
    assert (found["audited_at"], found["error"]) == ("b", pytest.approx(0.05))
    (only,) = newest_audits([told("c", 0, 1), told("b", 0, 0)])
    assert (only["audited_at"], only["error"]) == ("c", None)
