import pytest

from storesense_edge.shelf.impulse import ImpulseFilter


def through(values: list[float], sigma_g: float = 1.0) -> list[float]:
    impulses = ImpulseFilter()
    out = [impulses.push(place / 10, value, sigma_g) for place, value in enumerate(values)]
    assert out[:4] == [None] * 4
    kept = [pair for pair in out if pair is not None]
    assert [at_s for at_s, _ in kept] == [place / 10 for place in range(2, len(values) - 2)]
    return [value for _, value in kept]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([0, 0, 0, 0, 900, 0, 0, 0, 0], [0] * 5, id="one wild sample vanishes"),
        pytest.param([0, 0, 0, 900, 900, 0, 0, 0, 0], [0] * 5, id="two in a row vanish"),
        pytest.param([0, 0, 0, 0, 900, 900, 900, 900, 900], [0, 0, 900, 900, 900], id="an edge keeps place and height"),
        pytest.param([0, 1, -1, 2, 0, -2, 1, 0, 1], [-1, 2, 0, -2, 1], id="noise is left as it is"),
        pytest.param([0, 10, 20, 30, 40, 50, 60, 70, 80], [20, 30, 40, 50, 60], id="a slope is left as it is"),
    ],
)
def test_impulses_go_and_steps_stay(values: list[float], expected: list[float]) -> None:
    assert through(values) == expected


def test_replacements_are_counted_and_clearing_starts_over() -> None:
    impulses = ImpulseFilter()
    for place, value in enumerate([0, 0, 0, 900, 0, 0, 0]):
        impulses.push(place, value, 1.0)
    assert impulses.replaced == 1
    impulses.clear()
    assert impulses.push(8.0, 1.0) is None
