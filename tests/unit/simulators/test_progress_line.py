"""How far counted work is, and that whoever wants quiet has it."""

import io

import pytest

from storesense_simulators.progress_line import FILE_EVERY_S, ProgressLine, count_line, time_left


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("done", "spent_s", "expected"),
    [
        pytest.param(0, 5.0, "kills: 0 of 1,000", id="no speed is known"),
        pytest.param(250, 60.0, "kills: 250 of 1,000, 3 min left", id="at this speed"),
        pytest.param(1_000, 60.0, "kills: 1,000 of 1,000, 0 s left", id="all done"),
    ],
)
def test_a_count_says_how_many_and_how_long_still(done: int, spent_s: float, expected: str) -> None:
    assert count_line("kills", done=done, total=1_000, spent_s=spent_s) == expected


@pytest.mark.parametrize(
    ("left_s", "expected"),
    [(0.4, "0 s"), (59.0, "59 s"), (61.0, "1 min"), (3_599.0, "1 h 0 min"), (8_000.0, "2 h 13 min"), (-1.0, "0 s")],
)
def test_a_time_left_is_told_as_people_do(left_s: float, expected: str) -> None:
    assert time_left(left_s) == expected


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_whoever_wants_quiet_has_it(stream: io.StringIO) -> None:
    now_s = iter(range(0, 1_000, round(FILE_EVERY_S)))
    with ProgressLine(stream=stream, clock=lambda: float(next(now_s)), is_quiet=True) as line:
        line.tell(lambda spent_s: f"{spent_s}")
        line.tell(lambda spent_s: f"{spent_s}")
    assert stream.getvalue() == ""
