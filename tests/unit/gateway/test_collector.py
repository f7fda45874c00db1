"""The cycle collector is at ease while a gateway runs, and as it was afterwards."""

import gc

from storesense_gateway.collector import THRESHOLDS, seldom_collecting


def test_thresholds_and_frozen_objects_are_put_back() -> None:
    before = gc.get_threshold()
    with seldom_collecting():
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
