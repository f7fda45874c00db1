"""The next wait beside a queue's length: what is known of its tills decides, as it does in GET /queues."""

from datetime import UTC, datetime, timedelta

import pytest

from storesense_backend.live.state import StoreState
from storesense_backend.next_wait import Services, next_wait
from storesense_contracts.layout import StoreLayout

NOW = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
LAYOUT = StoreLayout.model_validate(
    {
        "id": "berlin-1",
        "name": "Berlin",
        "time_zone": "Europe/Berlin",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "front", "name": "Front"}],
        "lanes": [{"id": "lane-1", "name": "Lane 1"}, {"id": "lane-2", "name": "Lane 2"}],
        "queues": [{"id": "tills", "name": "Tills", "section": "front", "lanes": ["lane-1", "lane-2"]}],
    }
)
QUICK = Services(100, 3_000.0, 99_000.0)


def queue(length: int, queue_id: str = "tills", at: datetime = NOW) -> dict:
    return {"queue_id": queue_id, "length": length, "longest_wait_s": 0.0, "measured_at": at}


def lane(lane_id: str, *, is_open: bool, at: datetime = NOW) -> dict:
    return {"lane_id": lane_id, "is_open": is_open, "is_staffed": is_open, "measured_at": at}


def expected(length: int, tills: int, services: Services = QUICK) -> dict | None:
    found = next_wait(length, tills=tills, services=services, busy_share=0.5)
    return None if found is None else {"mean_s": found.mean_s, "low_s": found.low_s, "high_s": found.high_s}


@pytest.mark.parametrize(
    ("lanes", "tills"),
    [
        ([], 2),
        ([lane("lane-1", is_open=True)], 2),
        ([lane("lane-1", is_open=True), lane("lane-2", is_open=False)], 1),
        ([lane("lane-1", is_open=False), lane("lane-2", is_open=False)], 0),
        ([lane("lane-1", is_open=True), lane("lane-2", is_open=False, at=NOW - timedelta(minutes=11))], 2),
    ],
    ids=["nothing told", "one of two told", "one open", "none open", "told too long ago"],
)
def test_open_tills_share_the_line(lanes: list[dict], tills: int) -> None:
    state = StoreState(LAYOUT, 1, NOW)
    state.put_services({"tills": (QUICK, 0.5)})
    for each in lanes:
        state.put_latest("lanes", each)
    state.put_latest("queues", queue(3))
    assert state.snapshot(NOW)["queues"][0]["next_wait"] == expected(3, tills)


def test_what_is_served_changes_the_wait_of_those_who_wait_already() -> None:
    state = StoreState(LAYOUT, 1, NOW)
    state.put_latest("queues", queue(3))
    before = state.snapshot(NOW)["queues"][0]
    changed = state.put_services({"tills": (QUICK, 0.5)})
    assert changed["tills"]["next_wait"] == expected(3, 2)
    assert changed["tills"]["next_wait"]["mean_s"] < before["next_wait"]["mean_s"], "a minute each is taken until known"
    assert state.put_services({"tills": (QUICK, 0.5)}) == {}


def test_a_queue_that_the_layout_does_not_know_has_no_wait() -> None:
    state = StoreState(LAYOUT, 1, NOW)
    state.put_latest("queues", queue(3, "elsewhere"))
    assert state.snapshot(NOW)["queues"][0]["next_wait"] is None
