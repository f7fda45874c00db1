"""What a camera's picture looks like when all is well: pictures are watched by that, and it is learned when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storesense_edge.source_asks import answer
from storesense_edge.view_file import geometry_key
from storesense_edge.vision.picture_watch import Fault, PictureWatch, WatchLimits

if TYPE_CHECKING:
    from storesense_contracts.site import CameraDevice
    from storesense_edge.settings import EdgeSettings
    from storesense_edge.source_asks import SourceAsks
    from storesense_edge.view_file import ViewFile
    from storesense_edge.vision.picture_watch import PictureReference

_LEARN_VIEW_S = 90.0


class CameraViews:
    """Makes a camera's watches.

    Args:
        settings: limits.
        asked: asks for learning what the camera shows now.
        file: keeps what was learned; None to learn it at each start.
    """

    def __init__(self, settings: EdgeSettings, asked: SourceAsks, file: ViewFile | None) -> None:
        self._settings = settings
        self._asked = asked
        self._file = file

    async def learn(self) -> str:
        """Take what the camera shows now for right, on the event loop; return what to say of it.

        Raises:
            NoAnswerError: no steady picture came in time; what was learned before holds.
        """
        return await self._asked.ask(
            _LEARN_VIEW_S,
            f"No picture came that could be learned within {_LEARN_VIEW_S:.0f} s; what was learned before holds.",
        )

    def redraw(self, device: CameraDevice) -> None:
        """Keep what is learned from now on for another drawing."""
        if self._file is not None:
            self._file = self._file.of(geometry_key(device))

    def watch(self, device: CameraDevice) -> PictureWatch:
        """Return a watch that knows what was learned."""
        limits = self._limits(device)
        if self._file is None:
            return PictureWatch(limits)
        return PictureWatch(limits, self._file.load(), self._file.save)

    def learning_watch(self, device: CameraDevice) -> PictureWatch | None:
        """Return a watch that learns from now on, if somebody asked for that."""
        asked = self._asked.take()
        if asked is None:
            return None

        def learned(reference: PictureReference) -> None:
            if self._file is not None:
                self._file.save(reference)
            if not asked.done():
                answer(asked, "What the camera shows now counts as right.")

        return PictureWatch(self._limits(device), None, learned)

    def _limits(self, device: CameraDevice) -> WatchLimits:
        return WatchLimits(
            frozen_after_s=self._settings.frozen_after_s,
            min_frames_per_s=device.health.min_frames_per_s,
            ignored=frozenset(Fault(name) for name in device.health.ignore),
        )
