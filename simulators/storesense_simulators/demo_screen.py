"""What the demo says while it starts, runs and stops: on standard error, so that ``--json`` has the other alone."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

if TYPE_CHECKING:
    from rich.status import Status


class Screen:
    """Progress as lines, with a spinner for what is under way where the terminal can show one.

    Args:
        console: where it is shown; standard error if not given.
        monotonic_s: tells the time.
    """

    def __init__(self, console: Console | None = None, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._monotonic_s = monotonic_s
        self._under_way: list[str] = []
        self._status: Status | None = None

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Show ``what`` while the block runs, then how long it took, or that it failed or was called off."""
        began_s = self._monotonic_s()
        self._under_way.append(what)
        self._show()
        style, mark, ending = "red", "✗", ""
        try:
            yield
            style, mark, ending = "green", "✓", f"  {self._monotonic_s() - began_s:.1f} s"
        except asyncio.CancelledError:
            style, mark, ending = "dim", "-", ", called off"
            raise
        finally:
            self._under_way.remove(what)
            self._show()
            self._line(style, mark, what + ending)

    def say(self, text: str) -> None:
        """Say one thing."""
        self._line("cyan", "·", text)

    def warn(self, text: str) -> None:
        """Say what went wrong."""
        self._line("yellow", "!", text)

    def welcome(self, *, store: str, url: str, user_name: str, password: str, data_dir: str) -> None:
        """Show the address and the sign-in."""
        text = Text()
        text.append(f"{store} is open at ")
        text.append(url, style="bold underline")
        text.append(f"\nSign in as {user_name} with {password}")
        text.append(f"\nData, logs and this password are kept in {data_dir}", style="dim")
        text.append("\nCtrl-C stops everything", style="dim")
        if self._console.is_terminal:
            self._console.print(Panel(text, expand=False, border_style="green"))
        else:
            self._console.print(text, soft_wrap=True)

    def _line(self, style: str, mark: str, text: str) -> None:
        self._console.print(Text.assemble((mark, style), f" {text}"), soft_wrap=True)

    def _show(self) -> None:
        if not self._console.is_terminal:
            return
        if self._status is not None:
            self._status.stop()
            self._status = None
        if self._under_way:
            self._status = self._console.status(", ".join(self._under_way) + " …")
            self._status.start()
