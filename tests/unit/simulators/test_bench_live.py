"""What the live bench makes of its rounds."""

import pytest

from storesense_simulators.bench_live import Round, figures_of


def counted(p99_ms: float, *, deliveries: int = 20_000, cpu_s: float = 1.0, blocked: int = 0) -> Round:
    return Round(deliveries, cpu_s, p99_ms / 2, p99_ms, blocked)


def test_a_busy_minute_meets_both_of_a_pair_and_does_not_move_the_ratio() -> None:
    calm = (counted(100.0), counted(105.0, blocked=1))
    busy = (counted(900.0), counted(945.0, blocked=1))
    figures = figures_of([calm, busy, calm])
    assert figures["p99_ratio_with_frozen_client"] == pytest.approx(1.05)
    assert (figures["p99_ratio_least"], figures["p99_ratio_most"]) == pytest.approx((1.05, 1.05))
    assert figures["p99_ms"] == pytest.approx(100.0)


def test_one_odd_pair_shows_in_the_span_and_not_in_the_median() -> None:
    pairs = [(counted(100.0), counted(p99_ms, blocked=1)) for p99_ms in (101.0, 300.0, 99.0)]
    figures = figures_of(pairs)
    assert figures["p99_ratio_with_frozen_client"] == pytest.approx(1.01)
    assert figures["p99_ratio_most"] == pytest.approx(3.0)


def test_a_round_whose_watcher_was_not_blocked_is_told() -> None:
    figures = figures_of([(counted(100.0), counted(100.0, blocked=1)), (counted(100.0), counted(100.0))])
    assert figures["frozen_clients_blocked"] == 0


def test_a_core_delivers_what_all_rounds_alone_did_for_their_seconds() -> None:
    alone = [counted(100.0, deliveries=30_000, cpu_s=1.0), counted(100.0, deliveries=10_000, cpu_s=1.0)]
    figures = figures_of([(each, counted(100.0, cpu_s=1.1, blocked=1)) for each in alone])
    assert figures["deliveries_per_s_per_core"] == 20_000
    assert figures["cpu_ratio_with_frozen_client"] == pytest.approx(1.1)
