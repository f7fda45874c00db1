"""How far a run is: told now and then, on one line of a terminal or on lines of a file."""

import io

import pytest

from storesense_simulators.progress_line import FILE_EVERY_S, TERMINAL_EVERY_S
from storesense_simulators.twin.run_progress import RunProgress, progress_line

TWO_HOURS_MS = 7_200_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("done_ms", "lasts_ms", "spent_s", "expected"),
    [
        pytest.param(0, TWO_HOURS_MS, 0.0, "shop: 0 %, 0:00:00 of 2:00:00", id="nothing is known of the speed yet"),
        pytest.param(
            870_000,
            TWO_HOURS_MS,
            280.6,
            "shop: 12 %, 0:14:30 of 2:00:00, 3.1 times real time, 34 min left",
            id="a slow run",
        ),
        pytest.param(
            3_600_000, TWO_HOURS_MS, 3.0, "shop: 50 %, 1:00:00 of 2:00:00, 1,200 times real time, 3 s left", id="quick"
        ),
        pytest.param(
            360_000,
            TWO_HOURS_MS,
            600.0,
            "shop: 5 %, 0:06:00 of 2:00:00, 0.6 times real time, 3 h 10 min left",
            id="long",
        ),
        pytest.param(
            3 * 86_400_000,
            8 * 86_400_000,
            26.0,
            "shop: 38 %, 3 d 0:00:00 of 8 d 0:00:00, 9,969 times real time, 43 s left",
            id="days",
        ),
        pytest.param(
            7_300_000, TWO_HOURS_MS, 73.0, "shop: 100 %, 2:01:40 of 2:00:00, 100 times real time, 0 s left", id="beyond"
        ),
        pytest.param(0, 0, 1.0, "shop: 0 %, 0:00:00 of 0:00:00", id="a run of no length"),
    ],
)
def test_a_line_says_how_far_how_quick_and_how_long_still(
    done_ms: int, lasts_ms: int, spent_s: float, expected: str
) -> None:
    assert progress_line("shop", done_ms=done_ms, lasts_ms=lasts_ms, spent_s=spent_s) == expected


def tell_of_a_run(stream: io.StringIO, every_s: float) -> str:
    """Take 100 steps of a tenth of the interval: 10 intervals in all."""
    clock = Clock()
    with RunProgress("shop", lasts_ms=100_000, stream=stream, clock=clock) as tell:
        for step in range(1, 101):
            clock.now_s += every_s / 10
            tell(step * 1_000)
    return stream.getvalue()


def test_a_file_gets_a_line_now_and_then_and_nothing_that_moves_a_cursor() -> None:
    told = tell_of_a_run(io.StringIO(), FILE_EVERY_S)
    assert 9 <= len(told.splitlines()) <= 10
    assert told.endswith("\n")
    assert "\r" not in told
    assert "\x1b" not in told


def test_a_terminal_has_one_line_that_is_gone_in_the_end() -> None:
    told = tell_of_a_run(Terminal(), TERMINAL_EVERY_S)
    assert 9 <= told.count("shop: ") <= 10
    assert "\n" not in told
    assert told.endswith("\r\x1b[K")


def test_a_terminal_is_clean_after_a_run_that_failed() -> None:
    stream = Terminal()
    with pytest.raises(ValueError, match="broken"), RunProgress("shop", lasts_ms=1, stream=stream):
        raise ValueError("broken")
    assert stream.getvalue().endswith("\r\x1b[K")
