"""Two cameras of one box, put together as they run: whoever works here at one does so at the other."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from storesense_contracts.clock import ManualClock
from storesense_contracts.readings import ZoneDwell, ZoneReading
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.site import load_site
from storesense_edge.composition import build_agent
from storesense_edge.health import Health
from storesense_edge.settings import EdgeSettings
from storesense_edge.source_thread import Finding, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from storesense_edge.agent import SiteAgent

FRAMES_PER_S = 5
PX_PER_M = 100
LONG_S = 50.0
AREAS = {"west": 0.0, "east": 5.0}
"""Each camera sees five metres of the floor from straight above; here they begin."""

Way = tuple[tuple[float, float], ...]
CASHIER: Way = ((0.0, 1.0), (24.0, 1.0), (31.0, 8.0), (43.0, 8.0), (45.0, 5.4), (LONG_S, 5.4))
SHOPPER: Way = ((22.0, 3.0), (27.5, 8.5), (43.0, 8.5), (46.0, 5.4), (LONG_S, 5.4))
"""When somebody is where, x alone: the cashier stays behind the counter and then goes to the aisle like a shopper."""
WAITING: Way = ((0.0, 0.6), (LONG_S, 0.6))
"""Somebody stands before the first camera all the time, so that its recording goes on."""


def place(way: Way, at_s: float) -> float | None:
    for (begin_s, x), (end_s, to_x) in pairwise(way):
        if begin_s <= at_s <= end_s:
            return x + (to_x - x) * (at_s - begin_s) / (end_s - begin_s)
    return None


def write_boxes(path: Path, begin_m: float, until_s: float) -> Path:
    """Write what one camera sees, in the MOT format."""
    rows = []
    for k in range(round(until_s * FRAMES_PER_S)):
        for who, (way, y) in enumerate(((CASHIER, 1.0), (SHOPPER, 2.2), (WAITING, 2.4)), start=1):
            x = place(way, k / FRAMES_PER_S)
            if x is not None and 0.2 <= x - begin_m <= 4.8:
                left, foot = (x - begin_m) * PX_PER_M - 20, y * PX_PER_M
                rows.append(f"{k + 1},{who},{left:.1f},{foot - 100:.1f},40,100,0.9")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def camera(folder: Path, name: str, *, until_s: float = LONG_S, speed: float = 1.0) -> dict[str, Any]:
    begin_m = AREAS[name]
    corners = [[begin_m, 0.0], [begin_m + 5, 0.0], [begin_m + 5, 2.5], [begin_m, 2.5]]
    return {
        "kind": "camera",
        "id": name,
        "source": {
            "kind": "detections",
            "path": str(write_boxes(folder / f"{name}.txt", begin_m, until_s)),
            "frames_per_s": FRAMES_PER_S,
            "frame_size_px": [500, 250],
            "speed": speed,
        },
        "homography": {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": corners},
        "zones": [{"zone": "aisle"}] if name == "east" else [],
    }


def box(folder: Path, cameras: Sequence[dict[str, Any]], clock: ManualClock) -> SiteAgent:
    store = {
        "id": "store-1",
        "name": "Shop",
        "time_zone": "UTC",
        "floor": {"size_m": [10, 2.5]},
        "sections": [{"id": "front", "name": "Front"}],
        "zones": [
            {
                "id": "counter",
                "name": "Counter",
                "staff_only": True,
                "floor_m": [[0, 0], [2, 0], [2, 2], [0, 2]],
            },
            {
                "id": "aisle",
                "name": "Aisle",
                "floor_m": [[6, 0], [10, 0], [10, 2.5], [6, 2.5]],
            },
        ],
    }
    path = folder / "site.yaml"
    path.write_text(json.dumps({"version": 1, "store": store, "devices": list(cameras)}), encoding="utf-8")
    return build_agent(
        load_site(path),
        EdgeSettings(trajectories_keep_s=0),
        broker=BrokerSettings(user_name="nobody", password=SecretStr("x")),
        passwords={f"store-1/{each['id']}": SecretStr("x") for each in cameras},
        state_dir=folder / "state",
        clock=clock,
    )


class WaitingMovesTheClock(Stop):
    """A stop whose waiting moves the clock that all cameras share."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, duration_s: float) -> bool:
        self._clock.advance(duration_s)
        return self.is_set


def measure(agent: SiteAgent, clock: ManualClock) -> dict[str, list[Finding]]:
    """Let all cameras run beside each other, picture by picture, until each has ended."""
    running: dict[str, Iterator[Sequence[Finding]]] = {
        device.device_id: device._sources[0].produce(WaitingMovesTheClock(clock)) for device in agent.devices
    }
    found: dict[str, list[Finding]] = {name: [] for name in running}
    while running:
        for name, batches in list(running.items()):
            batch = next(batches, None)
            if batch is None:
                del running[name]
            else:
                found[name] += batch
    return found


def in_the_aisle(found: list[Finding]) -> tuple[int, float, float]:
    """Return visits of customers, and seconds of people and of staff among them."""
    readings = [finding[1] for finding in found if not isinstance(finding, Health)]
    dwells = [reading for reading in readings if isinstance(reading, ZoneDwell)]
    visits = sum(reading.visit_count for reading in readings if isinstance(reading, ZoneReading))
    return visits, sum(d.people_ms for d in dwells) / 1000, sum(d.staff_ms for d in dwells) / 1000


def without_calibration(device: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in device.items() if key != "homography"}


@pytest.mark.parametrize(
    ("west", "visits", "staff_s"),
    [
        pytest.param({}, 1, 15.5, id="known at the next camera"),
        pytest.param({"until_s": 33.0}, 1, 15.5, id="known there though the first camera has ended since"),
        pytest.param({"until_s": 26.0}, 2, 0.0, id="the first camera ends before they pass to the next"),
        pytest.param({"speed": 2.0}, 2, 0.0, id="a recording at another pace has no clock to share"),
    ],
)
def test_staff_known_to_one_camera_are_no_customers_at_the_next(
    tmp_path: Path, west: dict[str, float], visits: int, staff_s: float
) -> None:
    clock = ManualClock(datetime(2026, 3, 1, 9, 0, tzinfo=UTC))
    cameras = [camera(tmp_path, "west", **west), camera(tmp_path, "east")]
    told = in_the_aisle(measure(box(tmp_path, cameras, clock), clock)["east"])
    assert told[0] == visits
    assert told[1] == pytest.approx(36, abs=2), "everybody's time counts, staff's too"
    assert told[2] == pytest.approx(staff_s, abs=2)


def test_without_a_floor_calibration_a_camera_takes_no_part_and_harms_nobody(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 3, 1, 9, 0, tzinfo=UTC))
    cameras = [without_calibration(camera(tmp_path, "west")), camera(tmp_path, "east")]
    found = measure(box(tmp_path, cameras, clock), clock)
    assert in_the_aisle(found["east"])[0] == 2


def test_a_camera_that_is_started_again_brings_nobodys_staff_with_it(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 3, 1, 9, 0, tzinfo=UTC))
    agent = box(tmp_path, [camera(tmp_path, "west"), camera(tmp_path, "east")], clock)
    first = agent.devices[0]._sources[0].produce(WaitingMovesTheClock(clock))
    for _ in range(23 * FRAMES_PER_S):
        next(first)
    # The western camera's agent begins anew, as after a mistake; its numbers for people do so, too.
    told = in_the_aisle(measure(agent, clock)["east"])
    assert told[0] == 1, "and the cashier is found again"
