"""A light of the edge box that blinks when somebody looks for it: an LED of the kernel's (/sys/class/leds)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from storesense_contracts.errors import StoresenseError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

_BLINKS = 20
_HALF_S = 0.4


class LightError(StoresenseError):
    """The light cannot be switched."""

    code = "identify_light"

    def __init__(self, *, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"The light {path.name} cannot be switched ({reason}); let the agent's user write to its brightness and "
            "trigger, or correct STORESENSE_EDGE_IDENTIFY_LIGHT."
        )


class IdentifyLight:
    """One LED.

    Args:
        folder: the kernel's folder of it, with ``brightness`` and ``trigger``.
        pause: waits between two switchings.
    """

    def __init__(self, folder: Path, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._folder = folder
        self._pause = pause

    async def blink(self) -> None:
        """Blink for some seconds, and leave the light to whatever had it before. Raises LightError."""
        try:
            before = self._trigger()
            self._write("trigger", "none")
            try:
                for _ in range(_BLINKS):
                    self._write("brightness", "1")
                    await self._pause(_HALF_S)
                    self._write("brightness", "0")
                    await self._pause(_HALF_S)
            finally:
                self._write("trigger", before)
        except OSError as exc:
            raise LightError(path=self._folder, reason=exc.strerror or str(exc)) from exc

    def _trigger(self) -> str:
        """What switches the light now: the one in brackets among those that the kernel offers."""
        offered = (self._folder / "trigger").read_text().split()
        return next((each.strip("[]") for each in offered if each.startswith("[")), "none")

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text)
