"""One floor under several cameras' threads: order, ends, new beginnings."""

from __future__ import annotations

import threading

import numpy as np

from storesense_edge.shared_floor import MOST_WAITING, WAITED_FOR_S, FloorView, SharedFloor
from storesense_edge.vision.camera_observation import FloorPlaces
from storesense_edge.vision.handover import Handover


class Noting(Handover):
    """Notes what it is given, in which order; everybody at number 1 works here."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[float, str]] = []

    def step(self, camera_id: str, places: FloorPlaces) -> None:
        self.given.append((places.at_s, camera_id))
        super().step(camera_id, places)


def one(at_s: float, x: float = 1.0, *, number: int = 1, works: bool = False) -> FloorPlaces:
    present = frozenset({number})
    return FloorPlaces(at_s, np.array([number]), np.array([[x, 1.0]]), present, present if works else frozenset())


def same(at_s: float) -> float:
    return at_s


def test_pictures_are_judged_in_the_order_of_the_common_clock_though_they_come_late() -> None:
    noting = Noting()
    floor = SharedFloor(noting)
    west, east = floor.view("west", same), floor.view("east", lambda at_s: at_s - 100.0)
    west.see(one(0.0))
    east.see(one(100.0))
    for at_s in (0.1, 0.2, 0.3):
        west.see(one(at_s))
    assert noting.given == [(0.0, "west"), (0.0, "east")], "the eastern camera may still show something earlier"
    east.see(one(100.25))
    assert noting.given[2:] == [(0.1, "west"), (0.2, "west"), (0.25, "east")]


def test_a_camera_that_stops_is_waited_for_no_longer_than_a_moment() -> None:
    noting = Noting()
    floor = SharedFloor(noting)
    west, east = floor.view("west", same), floor.view("east", same)
    west.see(one(0.0))
    east.see(one(0.0))
    for k in range(1, 30):
        west.see(one(k / 10))
    assert noting.given[-1] == (2.9, "west")
    assert len(noting.given) == 31
    east.see(one(2.0))
    assert noting.given[-1] == (2.0, "east"), "whoever is late is judged as well as may be"
    assert WAITED_FOR_S < 2.0


def test_a_camera_that_ends_is_not_waited_for() -> None:
    noting = Noting()
    floor = SharedFloor(noting)
    west, east = floor.view("west", same), floor.view("east", same)
    east.see(one(0.0))
    west.see(one(0.5, works=True))
    assert noting.given == [(0.0, "east")]
    east.leave()
    assert noting.given[-1] == (0.5, "west")
    assert west.see(one(0.6)) == {1}
    east.leave()
    assert east.see(one(0.7)) == frozenset(), "what has ended takes no part"


def test_a_camera_that_begins_anew_has_other_people_under_the_same_numbers() -> None:
    floor = SharedFloor()
    before = floor.view("west", same)
    assert before.see(one(0.0, works=True)) == {1}
    after = floor.view("west", same)
    assert before.see(one(0.1, works=True)) == frozenset()
    before.leave()
    assert after.see(one(0.2)) == frozenset()
    assert floor.whole_of("west", 1) is not None


def test_a_clock_that_is_set_back_does_not_run_a_cameras_time_back() -> None:
    noting, ahead_s = Noting(), [10.0]
    view = SharedFloor(noting).view("west", lambda at_s: at_s + ahead_s[0])
    view.see(one(0.0))
    ahead_s[0] = 4.0
    view.see(one(0.1))
    assert [at_s for at_s, _ in noting.given] == [10.0, 10.0]


def test_what_waits_is_bounded() -> None:
    noting = Noting()
    floor = SharedFloor(noting)
    west, east = floor.view("west", same), floor.view("east", same)
    east.see(one(0.0))
    for k in range(MOST_WAITING + 50):
        west.see(one(0.5 + k * 1e-4))
    assert len(west.waiting) == MOST_WAITING
    assert len(noting.given) == 51


def test_a_camera_that_comes_while_anothers_picture_is_judged_waits_until_that_is_done() -> None:
    told: list[frozenset[int]] = []
    was_let_in: list[bool] = []
    east_is_done = threading.Event()

    def come() -> None:
        told.append(views["east"].see(one(0.0, x=9.0, number=7, works=True)))
        east_is_done.set()

    class Meanwhile(Noting):
        def step(self, camera_id: str, places: FloorPlaces) -> None:
            if not self.given:
                threads.append(threading.Thread(target=come, name="east"))
                threads[0].start()
                was_let_in.append(east_is_done.wait(0.05))
            super().step(camera_id, places)

    threads: list[threading.Thread] = []
    floor = SharedFloor(Meanwhile())
    views = {name: floor.view(name, same) for name in ("west", "east")}
    assert views["west"].see(one(0.0, works=True)) == {1}
    threads[0].join(10.0)
    assert not threads[0].is_alive()
    assert (was_let_in, told) == ([False], [frozenset({7})])


def test_many_threads_lose_nothing_and_keep_each_cameras_order() -> None:
    noting = Noting()
    floor = SharedFloor(noting)
    views = [floor.view(f"camera-{n}", same) for n in range(4)]
    begin = threading.Barrier(len(views))

    def run(view: FloorView) -> None:
        begin.wait(10.0)
        for k in range(50):
            view.see(one(k / 10, number=k + 1))

    threads = [threading.Thread(target=run, args=(view,), name=view.camera_id) for view in views]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
        assert not thread.is_alive()
    for view in views:
        times = [at_s for at_s, camera_id in noting.given if camera_id == view.camera_id]
        assert times + [places.at_s for places in view.waiting] == [k / 10 for k in range(50)]
