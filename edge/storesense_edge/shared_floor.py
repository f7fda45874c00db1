"""The floor that the cameras of one edge box look at together, each on a thread of its own.

Every camera hands in whom it follows and is told whom of them the others know to work here. Detectors take their time,
so what comes is put in the order of the cameras' common clock before anybody is matched: a picture waits until every
camera that goes on has shown a later one. Nobody waits for an answer; what is known so far is the answer, and it comes
with one of the next pictures.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from storesense_edge.vision.handover import Handover

if TYPE_CHECKING:
    from collections.abc import Callable

    from storesense_edge.vision.camera_observation import FloorPlaces

WAITED_FOR_S = 1.0
"""Of a camera that is further behind the others than this, nothing is waited for."""
MOST_WAITING = 256
"""Pictures of one camera that wait for others'; of more, the oldest is judged at once."""


class SharedFloor:
    """Keeps the people of one floor; all of it may be called from any thread.

    Args:
        handover: follows people from camera to camera.
    """

    def __init__(self, handover: Handover | None = None) -> None:
        self._handover = handover or Handover()
        self._views: dict[str, FloorView] = {}
        self._lock = Lock()

    def view(self, camera_id: str, shared_s: Callable[[float], float]) -> FloorView:
        """Let a camera take part from now on; what it said before, under other numbers, is forgotten.

        Args:
            camera_id: which camera.
            shared_s: maps its own time to seconds of a clock that all cameras share.
        """
        view = FloorView(self, camera_id, shared_s)
        with self._lock:
            self._handover.leave(camera_id)
            self._views[camera_id] = view
        return view

    def hand_in(self, view: FloorView, places: FloorPlaces) -> frozenset[int]:
        """Take one picture's people, in the shared time, and return who of them is known to work here.

        A view in whose place a newer one has come is told nothing.
        """
        with self._lock:
            if self._views.get(view.camera_id) is not view:
                return frozenset()
            # Clocks that are set anew while a camera runs must not run its time back.
            view.newest_s = max(view.newest_s, places.at_s)
            view.waiting.append(replace(places, at_s=view.newest_s))
            self._judge()
            return self._handover.staff_of(view.camera_id)

    def leave(self, view: FloorView) -> None:
        """Forget whom a view's camera follows, unless a newer view has come in its place."""
        with self._lock:
            if self._views.get(view.camera_id) is view:
                del self._views[view.camera_id]
                self._handover.leave(view.camera_id)
                self._judge()

    def whole_of(self, camera_id: str, number: int) -> int | None:
        """Return the floor's number of one of a camera's people; None for somebody forgotten."""
        with self._lock:
            return self._handover.whole_of(camera_id, number)

    def _judge(self) -> None:
        """Hand over, in order, everything for which no camera is waited for any more."""
        views = self._views.values()
        newest_s = max((view.newest_s for view in views), default=0.0)
        until_s = min((v.newest_s for v in views if newest_s - v.newest_s <= WAITED_FOR_S), default=newest_s)
        while due := [
            view
            for view in views
            if view.waiting and (view.waiting[0].at_s <= until_s or len(view.waiting) > MOST_WAITING)
        ]:
            first = min(due, key=lambda view: view.waiting[0].at_s)
            self._handover.step(first.camera_id, first.waiting.popleft())


class FloorView:
    """One camera's part in a shared floor, for as long as its numbers for people hold.

    Args:
        floor: the floor, which alone looks at the attributes.
        camera_id: which camera.
        shared_s: maps its own time to the clock that all cameras share.
    """

    def __init__(self, floor: SharedFloor, camera_id: str, shared_s: Callable[[float], float]) -> None:
        self.camera_id = camera_id
        self.newest_s = float("-inf")
        self.waiting: deque[FloorPlaces] = deque()
        self._floor = floor
        self._shared_s = shared_s

    def see(self, places: FloorPlaces) -> frozenset[int]:
        """Take one picture's people, in the camera's own time, and return who of them is known to work here."""
        return self._floor.hand_in(self, replace(places, at_s=self._shared_s(places.at_s)))

    def leave(self) -> None:
        """End: nobody is followed any more."""
        self._floor.leave(self)
