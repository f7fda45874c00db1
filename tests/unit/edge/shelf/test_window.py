import pytest

from storesense_edge.shelf.window import WeightWindow


def test_it_spans_its_time_and_gives_back_what_left() -> None:
    window = WeightWindow(span_s=1.0, least_samples=3)
    left = [pair for place in range(31) for pair in window.push(place / 10, float(place))]
    assert window.full
    assert window.times_s[-1] - window.times_s[0] == pytest.approx(1.0)
    assert [value for _, value in left] == [float(place) for place in range(20)]


def test_a_slow_cell_still_gets_its_least_samples() -> None:
    window = WeightWindow(span_s=1.0, least_samples=6)
    for place in range(20):
        window.push(place * 120.0, 1.0)
        assert window.full == (place >= 5)
    assert len(window.times_s) == 6


def test_the_shape_names_mean_range_and_drift() -> None:
    window = WeightWindow(span_s=1.0, least_samples=4)
    for place, value in enumerate((1.0, 3.0, 5.0, 7.0)):
        window.push(float(place), value)
    shape = window.shape()
    assert (shape.mean_g, shape.range_g, shape.drift_g, shape.count) == (4.0, 6.0, 4.0, 4)
    assert (window.mean_g(), window.range_g()) == (4.0, 6.0)


def test_a_tail_needs_time_and_samples() -> None:
    window = WeightWindow(span_s=10.0, least_samples=4)
    assert window.tail(0.5, 2) is None
    for place in range(20):
        window.push(place / 10, float(place))
    tail = window.tail(0.5, 2)
    assert tail is not None
    assert tail.count == 6
    assert tail.mean_g == pytest.approx(16.5)
    assert window.tail(5.0, 2) is None
