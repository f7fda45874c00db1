"""The cycle collector is at ease while a gateway runs, and as it was afterwards."""

import gc

import pytest

from storesense_gateway.collector import THRESHOLDS, seldom_collecting


def test_thresholds_and_frozen_objects_are_put_back_even_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), seldom_collecting():
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > 0
        raise KeyError
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
