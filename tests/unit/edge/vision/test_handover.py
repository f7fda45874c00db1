"""Several cameras, one floor: people keep their number where one camera's floor ends and another's begins."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import numpy as np
import pytest

from storesense_edge.vision import handover as handover_module
from storesense_edge.vision.camera_observation import FloorPlaces
from storesense_edge.vision.handover import Handover
from storesense_simulators.twin.detection_depth import detection_frames
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.load_shop import load_shop

FRAME_S = 0.1
SEAM_M = 5.0


class Cameras:
    """Two cameras that see rectangles of a floor, each with numbers and a clock of its own."""

    def __init__(
        self,
        areas: dict[str, tuple[float, float]],
        *,
        clock_s: dict[str, float] | None = None,
        noise_m: float = 0.0,
        missed: float = 0.0,
    ) -> None:
        self.areas = areas
        self.clock_s = clock_s or {}
        self.noise_m, self.missed = noise_m, missed
        self.chance = np.random.default_rng(3)
        self.handover = Handover()
        self.local: dict[str, dict[int, tuple[int, float]]] = {name: {} for name in areas}
        self.given = 0
        self.told: dict[str, dict[int, int | None]] = {name: {} for name in areas}

    def step(self, people: dict[int, tuple[float, float]], at_s: float, *, staff: frozenset[int] = frozenset()) -> None:
        """Show everybody to the cameras that see them; whoever was away for a second is somebody new to a camera.

        ``staff`` are those whom the western camera knows to work here by itself.
        """
        for name, (low, high) in self.areas.items():
            local = self.local[name]
            seen = [who for who, (x, _) in people.items() if low <= x < high and self.chance.random() >= self.missed]
            for who in seen:
                if who not in local or at_s - local[who][1] > 1.0:
                    self.given += 1
                    local[who] = (self.given, at_s)
                local[who] = (local[who][0], at_s)
            present = frozenset(number for number, seen_s in local.values() if at_s - seen_s <= 1.0)
            places = np.array([people[who] for who in seen], dtype=np.float64).reshape(-1, 2)
            places = places + self.chance.normal(0.0, self.noise_m, places.shape) if self.noise_m else places
            numbers = np.array([local[who][0] for who in seen], dtype=np.int64)
            known = frozenset(local[who][0] for who in staff if name == "west" and who in local)
            at_shared_s = at_s + self.clock_s.get(name, 0.0)
            self.handover.step(name, FloorPlaces(at_shared_s, numbers, places, present, known & present))
            self.told[name] = {who: self.whole(name, who) for who in seen}

    def whole(self, name: str, who: int) -> int | None:
        """The floor's number of somebody, as a camera knew them last."""
        return self.handover.whole_of(name, self.local[name][who][0])


def walk(cameras: Cameras, ways: dict[int, tuple[tuple[float, float], tuple[float, float]]], until_s: float) -> None:
    """Let people walk: each begins at a place and goes on with a velocity."""
    for k in range(round(until_s / FRAME_S)):
        t = k * FRAME_S
        cameras.step({who: (x + u * t, y + v * t) for who, ((x, y), (u, v)) in ways.items()}, t)


ADJOINING = {"west": (0.0, SEAM_M), "east": (SEAM_M, 10.0)}
OVERLAPPING = {"west": (0.0, 6.0), "east": (4.0, 10.0)}


@pytest.mark.parametrize("areas", [ADJOINING, OVERLAPPING, {"west": (0.0, 4.3), "east": (5.7, 10.0)}])
@pytest.mark.parametrize("clock_s", [-0.1, 0.0, 0.1])
@pytest.mark.parametrize("speed_m_s", [0.5, 1.0, 1.6])
def test_who_walks_from_camera_to_camera_stays_one(
    areas: dict[str, tuple[float, float]], clock_s: float, speed_m_s: float
) -> None:
    cameras = Cameras(areas, clock_s={"east": clock_s})
    walk(cameras, {1: ((2.0, 1.0), (speed_m_s, 0.0))}, 7.0 / speed_m_s)
    assert cameras.told["east"][1] == 1
    assert cameras.handover.people == 1


def test_two_who_meet_at_the_seam_go_on_as_who_they_were() -> None:
    cameras = Cameras(ADJOINING, clock_s={"east": 0.1})
    walk(cameras, {1: ((2.0, 1.0), (1.2, 0.0)), 2: ((8.0, 1.3), (-1.2, 0.0))}, 5.0)
    assert cameras.whole("west", 1) == cameras.whole("east", 1)
    assert cameras.whole("west", 2) == cameras.whole("east", 2)
    assert cameras.whole("west", 1) != cameras.whole("west", 2)


def test_two_side_by_side_are_told_apart_by_both_cameras() -> None:
    cameras = Cameras(OVERLAPPING, clock_s={"east": 0.1}, noise_m=0.1)
    walk(cameras, {1: ((2.0, 1.0), (1.0, 0.0)), 2: ((2.0, 1.8), (1.0, 0.0))}, 6.0)
    assert [cameras.whole("east", who) for who in (1, 2)] == [cameras.whole("west", who) for who in (1, 2)]
    assert cameras.whole("east", 1) != cameras.whole("east", 2)


@pytest.mark.parametrize(
    ("after_s", "at_xy", "speed_m_s", "why"),
    [
        pytest.param(5.0, (5.1, 1.0), 1.0, "long after", id="long after"),
        pytest.param(0.5, (6.0, 4.0), 1.0, "elsewhere", id="elsewhere"),
        pytest.param(0.5, (5.2, 1.0), -1.0, "comes the other way", id="other way"),
    ],
)
def test_somebody_else_is_somebody_else(after_s: float, at_xy: tuple[float, float], speed_m_s: float, why: str) -> None:
    cameras = Cameras(ADJOINING)
    for k in range(30):
        cameras.step({1: (2.0 + k * FRAME_S, 1.0)}, k * FRAME_S)
    for k in range(round(after_s / FRAME_S)):
        cameras.step({}, 3.0 + k * FRAME_S)
    for k in range(20):
        t = k * FRAME_S
        cameras.step({2: (at_xy[0] + speed_m_s * t, at_xy[1])}, 3.0 + after_s + t)
    assert cameras.whole("west", 1) != 2
    assert cameras.given == 2 or speed_m_s < 0
    told = cameras.handover.whole_of("east", 2)
    assert told is not None
    assert told != 1, why


def test_whoever_was_taken_for_one_and_is_in_two_places_is_two_again() -> None:
    cameras = Cameras(OVERLAPPING)
    for k in range(20):
        cameras.step({1: (5.0, 1.0)}, k * FRAME_S)
    assert cameras.whole("west", 1) == cameras.whole("east", 1)
    # The eastern camera's follower has slid onto somebody who walks off; the western one stays with who stands.
    for k in range(20, 60):
        west, east = cameras.local["west"][1][0], cameras.local["east"][1][0]
        at_s = k * FRAME_S
        for name, number, x in (("west", west, 5.0), ("east", east, 5.0 + (at_s - 2.0))):
            here = FloorPlaces(at_s, np.array([number]), np.array([[x, 1.0]]), frozenset({number}))
            cameras.handover.step(name, here)
    assert cameras.whole("west", 1) != cameras.whole("east", 1)


def test_who_is_long_gone_is_forgotten() -> None:
    cameras = Cameras(ADJOINING)
    walk(cameras, {1: ((2.0, 1.0), (1.2, 0.0))}, 5.0)
    for k in range(60):
        cameras.step({}, 5.0 + k * FRAME_S)
    assert cameras.handover.people == 0
    assert cameras.handover.whole_of("east", cameras.local["east"][1][0]) is None


def test_staff_of_one_camera_are_staff_at_the_next_and_nobody_beside_them() -> None:
    cameras = Cameras(ADJOINING, clock_s={"east": 0.1}, noise_m=0.05)
    for k in range(60):
        t = k * FRAME_S
        cameras.step({1: (2.0 + 1.2 * t, 1.0), 2: (2.0 + 1.2 * t, 2.5)}, t, staff=frozenset({1}))
    assert cameras.handover.staff_of("east") == {cameras.local["east"][1][0]}


@pytest.mark.parametrize(
    ("beside_m", "is_told", "reason"),
    [
        (1.0, False, "either of the two may have gone on under the number"),
        (1.5, True, "a camera keeps people apart who are further from one another than that"),
    ],
)
def test_nobody_is_staff_at_the_next_camera_who_went_over_with_somebody_beside_them(
    beside_m: float, is_told: bool, reason: str
) -> None:
    cameras = Cameras(ADJOINING)
    for k in range(60):
        t = k * FRAME_S
        cameras.step({1: (2.0 + 1.2 * t, 1.0), 2: (2.0 + 1.2 * t, 1.0 + beside_m)}, t, staff=frozenset({1}))
    wanted = {cameras.local["east"][1][0]} if is_told else frozenset[int]()
    assert cameras.handover.staff_of("east") == wanted, reason
    assert cameras.handover.staff_of("west") == {cameras.local["west"][1][0]}, "their own camera is not contradicted"


def test_staff_from_another_camera_are_strangers_once_they_met_somebody_and_known_again_beside_nobody() -> None:
    cameras = Cameras(OVERLAPPING)
    told = []
    for k in range(120):
        # Somebody passes close by in the part that both cameras see, and goes on.
        cameras.step({1: (5.0, 1.0), 2: (5.0, 9.0 - k * FRAME_S)}, k * FRAME_S, staff=frozenset({1}))
        told.append(cameras.local["east"][1][0] in cameras.handover.staff_of("east"))
    assert told[40], "both cameras see them, alone"
    assert not any(told[72:95]), "within reach of one another from 6.8 s on"
    assert told[-1], "the western camera has known them all the time, and they are alone again"


def test_staff_stay_so_on_their_way_back_though_the_first_camera_has_forgotten_them() -> None:
    cameras = Cameras(ADJOINING)
    x = 3.0
    for k in range(200):
        x += FRAME_S * (1.0 if k < 40 else 0.0 if k < 140 else -1.0)
        cameras.step({1: (x, 1.0)}, k * FRAME_S, staff=frozenset({1}) if k < 20 else frozenset())
    assert cameras.given == 3, "the western camera has followed two, as far as it knows"
    assert cameras.handover.staff_of("west") == {cameras.local["west"][1][0]}


def test_whoever_was_wrongly_taken_for_staff_is_so_no_more_once_they_are_seen_to_be_two() -> None:
    cameras = Cameras(OVERLAPPING)
    for k in range(20):
        cameras.step({1: (5.0, 1.0)}, k * FRAME_S, staff=frozenset({1}))
    west, east = cameras.local["west"][1][0], cameras.local["east"][1][0]
    assert cameras.handover.staff_of("east") == {east}
    for k in range(20, 60):
        at_s = k * FRAME_S
        for name, number, x in (("west", west, 5.0), ("east", east, 5.0 + (at_s - 2.0))):
            known = frozenset({west}) if name == "west" else frozenset[int]()
            here = FloorPlaces(at_s, np.array([number]), np.array([[x, 1.0]]), frozenset({number}), known)
            cameras.handover.step(name, here)
    assert cameras.handover.staff_of("west") == {west}
    assert cameras.handover.staff_of("east") == frozenset()


@pytest.mark.parametrize("frames_per_s", [1, 2, 5])
def test_cameras_with_few_pictures_hand_people_over_too(frames_per_s: int) -> None:
    cameras = Cameras(ADJOINING)
    for k in range(9 * frames_per_s):
        t = k / frames_per_s
        cameras.step({1: (1.0 + t, 1.0), 2: (1.0 + t, 4.0)}, t, staff=frozenset({1}))
    assert cameras.handover.staff_of("east") == {cameras.local["east"][1][0]}


def test_of_a_camera_that_shows_nothing_any_more_nobody_is_kept() -> None:
    cameras = Cameras({"west": (0.0, 5.0), "east": (20.0, 30.0)})
    cameras.step({1: (1.0, 1.0)}, 0.0, staff=frozenset({1}))
    del cameras.areas["west"]
    for k in range(400):
        cameras.step({2: (25.0, 1.0)}, k * FRAME_S)
    assert cameras.handover.people == 1
    assert cameras.handover.whole_of("west", 1) is None


def test_a_camera_that_begins_anew_is_told_nothing_of_whoever_had_its_numbers() -> None:
    cameras = Cameras(ADJOINING)
    cameras.step({1: (1.0, 1.0)}, 0.0, staff=frozenset({1}))
    cameras.handover.leave("west")
    assert (cameras.handover.people, cameras.handover.staff_of("west")) == (0, frozenset())
    cameras.step({1: (4.0, 3.0)}, 0.1)
    assert cameras.handover.staff_of("west") == frozenset()


def test_a_flood_of_people_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover_module, "MOST_FOLLOWED", 10)
    handover, places = Handover(), np.stack([np.arange(50.0), np.zeros(50)], axis=1)
    for k in range(3):
        handover.step("west", FloorPlaces(k * FRAME_S, np.arange(50), places, frozenset(range(50))))
    assert handover.people == 10
    assert handover.whole_of("west", 49) is None


@pytest.mark.parametrize("overlap_m", [0.0, 2.0], ids=["adjoining", "overlapping"])
def test_in_a_simulated_store_people_keep_their_number_at_the_seam(overlap_m: float) -> None:
    shop = load_shop("convenience")
    seam_m = 4.75
    areas = {"west": (-5.0, seam_m + overlap_m / 2), "east": (seam_m - overlap_m / 2, 50.0)}
    cameras = Cameras(areas, clock_s={"east": 0.1}, noise_m=0.12, missed=0.15)
    twin = Twin(shop, seed=5, began_at=datetime(2026, 3, 2, 16, tzinfo=UTC))
    wholes: dict[int, set[int]] = defaultdict(set)
    passed = kept = 0
    before: dict[int, tuple[str, float, int]] = {}
    for step in detection_frames(twin, [], until_ms=600_000, frames_per_s=10):
        people = dict(zip(step.crowd.numbers.tolist(), map(tuple, step.crowd.xy_m.tolist()), strict=True))
        at_s = step.t_ms / 1000
        cameras.step(people, at_s)
        for who, (x, _) in people.items():
            side = "west" if x < seam_m else "east"
            if who not in cameras.local[side]:
                continue
            number, seen_s = cameras.local[side][who]
            whole = cameras.handover.whole_of(side, number)
            if whole is None or at_s - seen_s > 0.05:
                continue
            last = before.get(who)
            if last is not None and last[0] != side:
                # Judged once they have been on the other side for two seconds.
                if at_s - last[1] < 2.0:
                    continue
                passed += 1
                kept += whole == last[2]
            before[who] = (side, at_s, whole)
            wholes[whole].add(who)
    mixed = sum(len(who) > 1 for who in wholes.values())
    assert passed >= 20
    assert kept >= 0.95 * passed, f"{kept} of {passed} kept their number"
    assert mixed <= 0.03 * len(wholes), f"{mixed} of {len(wholes)} numbers were several people's"
