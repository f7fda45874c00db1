"""What an empty slot cost."""

import numpy as np
import pytest

from storesense_backend.depletion.forecast import Demand
from storesense_backend.depletion.level import Level
from storesense_backend.depletion.lost_sales import EmptySpan, lost_sales
from storesense_backend.depletion.profile import HOURS_A_WEEK

DEMAND = Demand(np.ones(HOURS_A_WEEK), Level(4.0, cv2=0.0, dispersion=1.0))


def test_the_usual_rate_over_the_empty_time() -> None:
    lost = lost_sales(DEMAND, [EmptySpan(10.5, 1.0), EmptySpan(167.75, 0.5)])
    assert lost.units == pytest.approx(6.0)
    assert (lost.empty_min, lost.passers) == (90.0, None)
    assert lost.units_low <= 6 <= lost.units_high
    assert lost.units_high - lost.units_low == pytest.approx(2 * 1.2816 * 6**0.5, abs=1.5)


def test_who_passed_decides_where_somebody_counts() -> None:
    lost = lost_sales(DEMAND, [EmptySpan(10.0, 1.0, passers=30, usual_passers=10.0)])
    assert lost.units == pytest.approx(12.0)
    assert lost.passers == 30


def test_passers_are_told_only_when_all_were_counted() -> None:
    spans = [EmptySpan(10.0, 1.0, passers=0, usual_passers=10.0), EmptySpan(12.0, 1.0)]
    lost = lost_sales(DEMAND, spans)
    assert lost.passers is None
    assert lost.units == pytest.approx(4.0)


def test_nothing_was_empty() -> None:
    lost = lost_sales(DEMAND, [])
    assert (lost.units, lost.units_low, lost.units_high, lost.empty_min, lost.passers) == (0, 0, 0, 0.0, 0)
