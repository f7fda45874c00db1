from datetime import UTC, datetime

from storesense_contracts.readings import HealthState
from storesense_edge.health import Health, HealthBoard, reading_of

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def test_only_a_new_state_or_reason_is_told_at_once() -> None:
    board = HealthBoard()
    assert board.update(Health("camera"), NOW_AT) is not None
    assert board.update(Health("camera", frames_per_s=9.0), NOW_AT) is None
    failed = board.update(Health("camera", HealthState.FAILED, "stopped"), NOW_AT)
    assert failed is not None
    assert (failed.component_id, failed.state, failed.reason) == ("camera", HealthState.FAILED, "stopped")
    assert board.update(Health("camera", HealthState.FAILED, "gone"), NOW_AT) is not None


def test_the_board_repeats_the_latest_of_each_component() -> None:
    board = HealthBoard()
    board.update(Health("a"), NOW_AT)
    board.update(Health("b", HealthState.DEGRADED, "slow", 1.0), NOW_AT)
    board.update(Health("b", HealthState.DEGRADED, "slow", 2.0), NOW_AT)
    readings = board.readings(NOW_AT)
    assert [(r.component_id, r.frames_per_s) for r in readings] == [("a", None), ("b", 2.0)]


def test_a_reason_is_cut_to_what_the_wire_takes() -> None:
    reading = reading_of(Health("a", HealthState.FAILED, "x" * 900), NOW_AT, outbox_messages=5_000_000)
    assert reading.reason is not None
    assert len(reading.reason) == 500
    assert reading.reason.endswith("…")
    assert reading.outbox_messages == 1_000_000
