"""The interpreter is set for a gateway while one runs, and as it was afterwards."""

import gc
import sys

import pytest

from storesense_gateway.collector import SWITCH_S, THRESHOLDS, tuned_interpreter


def test_thresholds_and_frozen_objects_are_put_back() -> None:
    before = gc.get_threshold(), sys.getswitchinterval()
    with tuned_interpreter():
        assert gc.get_threshold() == THRESHOLDS
        assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), sys.getswitchinterval()) == before
    assert gc.get_freeze_count() == 0
