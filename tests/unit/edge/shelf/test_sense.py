"""Which changes of weight make sense."""

import pytest

from storesense_edge.shelf.sense import PlausibleChanges


@pytest.mark.parametrize(
    ("delta_g", "noise_g", "whole", "why"),
    [
        (0.0, 0.5, True, "nothing came or went"),
        (-500.0, 0.5, True, "one was taken"),
        (1506.0, 0.5, True, "three, each a little heavier than usual"),
        (250.0, 0.5, False, "half of one is none"),
        (-512.0, 0.5, False, "too heavy for one by four of its standard deviations"),
        (-500.0, 60.0, False, "so noisy a cell cannot tell"),
    ],
)
def test_whole_units(delta_g: float, noise_g: float, whole: bool, why: str) -> None:
    assert PlausibleChanges(500.0, 3.0).is_whole(delta_g, noise_g) is whole, why


def test_without_a_unit_weight_only_nothing_is_whole() -> None:
    changes = PlausibleChanges(None, 0.0)
    assert not changes.is_whole(100.0, 0.5)
    changes.reweigh(100.0, 1.0)
    assert changes.is_whole(100.0, 0.5)


def test_what_else_is_known_to_come_and_go() -> None:
    changes = PlausibleChanges(500.0, 3.0)
    assert not changes.is_known(1030.0, 0.5)
    changes.expect([(1030.0, 5.0), (-330.0, 4.0)])
    assert changes.is_known(1034.0, 0.5)
    assert changes.is_known(-328.0, 0.5)
    assert not changes.is_known(1037.0, 0.5)
    assert changes.is_known(1037.0, 3.0), "the noise widens what is believed"
    assert not changes.is_known(330.0, 0.5), "what may leave need not come"
