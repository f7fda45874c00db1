"""What is now the case in a store, as readings come in."""

from datetime import UTC, datetime, timedelta

import pytest

from storesense_backend.live.state import MAX_SUBJECTS, RESOLVED_SHOWN, StoreState
from storesense_contracts.layout import StoreLayout

LAYOUT = StoreLayout.model_validate(
    {
        "id": "berlin-1",
        "name": "Berlin",
        "time_zone": "Europe/Berlin",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "front", "name": "Front"}],
        "lines": [{"id": "entrance", "name": "Entrance"}, {"id": "side", "name": "Side"}],
    }
)
NOON = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)


@pytest.fixture
def state():
    return StoreState(LAYOUT, 1, NOON)


def footfall(state, now):
    return {item["line_id"]: (item["in_count"], item["out_count"]) for item in state.snapshot(now)["footfall"]}


def test_every_line_is_there_before_its_first_reading(state):
    assert footfall(state, NOON) == {"entrance": (0, 0), "side": (0, 0)}
    assert state.snapshot(NOON)["footfall"][0]["measured_at"] is None
    assert state.snapshot(NOON)["day_started_at"] == MIDNIGHT - timedelta(days=1)


def test_counts_add_up_over_the_local_day_and_late_ones_count_too(state):
    state.count("entrance", NOON, 2, 1)
    item = state.count("entrance", NOON - timedelta(hours=5), 3, 0)
    assert item == {"line_id": "entrance", "in_count": 5, "out_count": 1, "measured_at": NOON}


def test_yesterday_does_not_count(state):
    assert state.count("entrance", MIDNIGHT - timedelta(days=1, seconds=1), 2, 1) is None
    assert footfall(state, NOON)["entrance"] == (0, 0)


def test_a_line_that_the_layout_does_not_know_is_shown(state):
    state.count("new-line", NOON, 1, 0)
    assert footfall(state, NOON)["new-line"] == (1, 0)


def test_midnight_begins_anew_and_tells_every_line(state):
    state.count("entrance", NOON, 2, 1)
    assert state.turn_day(MIDNIGHT - timedelta(microseconds=1)) == {}
    changes = state.turn_day(MIDNIGHT)
    assert {item["line_id"]: item["in_count"] for item in changes["footfall"].values()} == {"entrance": 0, "side": 0}
    assert state.snapshot(MIDNIGHT)["day_started_at"] == MIDNIGHT
    assert state.turn_day(MIDNIGHT) == {}


def test_a_count_from_a_clock_ahead_of_ours_waits_for_its_day(state):
    state.count("entrance", NOON, 2, 1)
    assert state.count("entrance", MIDNIGHT + timedelta(seconds=1), 7, 0) is None
    assert footfall(state, NOON)["entrance"] == (2, 1)
    changes = state.turn_day(MIDNIGHT + timedelta(seconds=2))
    assert changes["footfall"]["entrance"]["in_count"] == 7


def test_the_newest_reading_stays_whatever_the_order(state):
    newer = {"queue_id": "tills", "length": 4, "measured_at": NOON}
    older = {"queue_id": "tills", "length": 9, "measured_at": NOON - timedelta(seconds=5)}
    assert state.put_latest("queues", newer)
    assert not state.put_latest("queues", older)
    assert not state.put_latest("queues", dict(newer))
    assert state.snapshot(NOON)["queues"] == [newer]


def test_devices_are_replaced_and_only_changed_ones_told(state):
    online = {"device_id": "a", "kind": "camera", "state": "online", "last_seen_at": None}
    other = online | {"device_id": "b"}
    assert set(state.put_devices([online, other])) == {"a", "b"}
    assert set(state.put_devices([online, other | {"state": "offline"}])) == {"b"}
    assert state.put_devices([online]) is None
    assert state.put_devices([online]) == {}
    assert [d["device_id"] for d in state.snapshot(NOON)["devices"]] == ["a"]


def test_alerts_are_told_newest_first_and_forgotten_some_time_after_their_end(state):
    first = {"alert_id": 1, "state": "open", "resolved_at": None}
    second = {"alert_id": 2, "state": "open", "resolved_at": None}
    assert state.put_alerts([first, second]) == [first, second]
    assert state.put_alerts([dict(first)]) == []
    over = first | {"state": "resolved", "resolved_at": NOON}
    assert state.put_alerts([over]) == [over]
    assert [a["alert_id"] for a in state.snapshot(NOON + RESOLVED_SHOWN / 2)["alerts"]] == [2, 1]
    assert [a["alert_id"] for a in state.snapshot(NOON + RESOLVED_SHOWN)["alerts"]] == [2]


def test_made_up_subjects_fill_no_memory_and_crowd_out_none_of_the_layouts():
    layout = StoreLayout.model_validate(
        LAYOUT.model_dump() | {"environment_sensors": [{"id": "door", "name": "Door", "at_m": [1, 1]}]}
    )
    state = StoreState(layout, 1, NOON)
    for number in range(MAX_SUBJECTS + 10):
        state.put_latest("environment", {"sensor_id": f"made-up-{number}", "measured_at": NOON})
        state.count(f"made-up-{number}", NOON, 1, 0)
    assert not state.put_latest("environment", {"sensor_id": "one-more", "measured_at": NOON})
    assert state.put_latest("environment", {"sensor_id": "made-up-0", "measured_at": NOON + timedelta(seconds=1)})
    assert state.put_latest("environment", {"sensor_id": "door", "measured_at": NOON})
    shown = state.snapshot(NOON)
    assert len(shown["environment"]) == MAX_SUBJECTS + 1
    assert len(shown["footfall"]) == MAX_SUBJECTS
    assert state.count("side", NOON, 2, 0)["in_count"] == 2
