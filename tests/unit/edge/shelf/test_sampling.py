"""Live cells: a pseudo-terminal as a serial line, a folder as the kernel's I/O devices, a thread that reads."""

import math
import os
import termios
import threading
import tty
from datetime import UTC, datetime

import pytest

from storesense_contracts.clock import ManualClock, SystemClock
from storesense_edge.shelf.errors import FileError, ShelfError
from storesense_edge.shelf.hx711 import Hx711Lost, Hx711Reader
from storesense_edge.shelf.sampling import CellSampler
from storesense_edge.shelf.serial_scale import BAUD_RATES, ScaleLost, SerialScale


@pytest.fixture
def line(tmp_path):
    """A serial line: the scale's end, and the path of ours."""
    scale, ours = os.openpty()
    tty.setraw(scale)
    path = tmp_path / "ttyUSB0"
    path.symlink_to(os.ttyname(ours))
    ends = [scale, ours]
    yield ends, path
    for end in ends:
        os.close(end)


@pytest.fixture
def scale(line):
    (end, _), path = line
    reader = SerialScale(path).open()
    yield end, reader
    reader.close()


def read_all(reader, count):
    """Read until so many weights have come; what was written may come in pieces."""
    found = []
    for _ in range(50):
        value = reader.read()
        found += [] if value is None else [value]
        if len(found) == count:
            break
    return found


def test_a_scale_that_speaks_by_itself_is_read(scale):
    end, reader = scale
    os.write(end, b"ST,GS,+  1.234kg\r\nUS,GS,+  1.300kg\r\nST,GS,+  1")
    assert read_all(reader, 2) == [1234.0, 1300.0]
    os.write(end, b".500kg\r\n")
    assert read_all(reader, 1) == [1500.0], "a line that came in two pieces is one"


def test_an_overload_is_passed_on_as_no_number(scale):
    end, reader = scale
    os.write(end, b"OL,GS,+------kg\r\n")
    assert math.isnan(read_all(reader, 1)[0])


def test_the_line_is_raw_and_as_fast_as_told(line):
    (_, ours), path = line
    reader = SerialScale(path, baud=19200).open()
    attributes = termios.tcgetattr(ours)
    assert attributes[4] == attributes[5] == termios.B19200
    assert not attributes[3] & termios.ECHO
    reader.close()
    reader.close()
    assert all(hasattr(termios, f"B{baud}") for baud in BAUD_RATES)


def test_a_scale_that_waits_to_be_asked_is_asked(line):
    (end, _), path = line
    reader = SerialScale(path, request="SI").open()
    os.write(end, b"S S     12.5 g\r\n")
    assert read_all(reader, 1) == [12.5]
    assert os.read(end, 16) == b"SI\r\n"
    reader.close()


def test_now_and_then_a_broken_line_does_no_harm(scale):
    end, reader = scale
    for _ in range(5):
        os.write(end, b"\xff\x80garbage\r\n" * 15 + b"ST,GS,+  1.234kg\r\n")
        assert read_all(reader, 1) == [1234.0]


@pytest.mark.parametrize("garbage", [b"\xb2\x94\xd4\r\n" * 25, b"\xfe" * 300], ids=["lines", "no end of line"])
def test_a_wrong_baud_rate_is_told(scale, garbage):
    end, reader = scale
    with pytest.raises(ScaleLost, match="baud rate"):  # noqa: PT012 -- garbage goes on until it is enough
        for _ in range(25):
            os.write(end, garbage)
            reader.read()


def test_a_scale_that_is_unplugged_is_told(line):
    ends, path = line
    reader = SerialScale(path).open()
    os.close(ends.pop(0))
    with pytest.raises(ScaleLost, match="was lost"):
        reader.read()
    reader.close()


def test_a_line_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileError, match="dialout"):
        SerialScale(tmp_path / "ttyUSB9").open()
    (tmp_path / "file").write_text("no line")
    with pytest.raises(FileError):
        SerialScale(tmp_path / "file").open()


@pytest.fixture
def amplifier(tmp_path):
    device = tmp_path / "iio:device0"
    device.mkdir()
    (device / "in_voltage0_raw").write_text("8388608\n")
    return device / "in_voltage0_raw"


def hx711(amplifier, **more):
    return Hx711Reader("iio:device0", iio_dir=amplifier.parent.parent, sleep=lambda _: None, **more)


@pytest.mark.parametrize(("text", "counts"), [("8388608\n", 0.0), ("0\n", -8388608.0), ("16777215\n", 8388607.0)])
def test_the_kernels_counts_get_their_sign_back(amplifier, text, counts):
    amplifier.write_text(text)
    assert hx711(amplifier).open().read() == counts


@pytest.mark.parametrize("text", ["", "x", "-1", "16777216", "8388608.5"])
def test_what_is_no_conversion_is_refused(amplifier, text):
    amplifier.write_text(text)
    with pytest.raises(Hx711Lost):
        hx711(amplifier).open().read()


def test_an_amplifier_that_is_not_there_is_told_with_those_that_are(amplifier):
    with pytest.raises(FileError, match="devices there: iio:device0"):
        hx711(amplifier, channel=1).open()


def test_an_amplifier_that_goes_is_lost(amplifier):
    reader = hx711(amplifier).open()
    amplifier.unlink()
    with pytest.raises(Hx711Lost, match="wires"):
        reader.read()


class Script:
    """A cell that plays a script: numbers and None are read, errors raised; at its end it says so."""

    def __init__(self, *steps):
        self.steps = list(steps)
        self.opened = self.closed = 0
        self.ended = threading.Event()

    def open(self):
        self.opened += 1
        return self

    def read(self):
        if not self.steps:
            self.ended.set()
            return None
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step() if callable(step) else step

    def close(self):
        self.closed += 1


def run(script, clock=None, **more):
    with CellSampler(script.open, clock or SystemClock(), name="test", pause=lambda _: False, **more) as sampler:
        assert script.ended.wait(10)
        return sampler.take(0), sampler.report


def test_samples_come_in_order():
    samples, report = run(Script(1.0, None, 2.0, 3.0))
    assert [sample.raw_counts for sample in samples] == [1.0, 2.0, 3.0]
    assert (report.samples, report.dropped, report.problem) == (3, 0, None)


def test_what_nobody_takes_is_dropped_oldest_first_and_counted():
    samples, report = run(Script(*map(float, range(10))), queue_samples=4)
    assert [sample.raw_counts for sample in samples] == [6.0, 7.0, 8.0, 9.0]
    assert (report.samples, report.dropped) == (10, 6)


def test_a_lost_cell_is_opened_again():
    script = Script(1.0, ShelfError("It is gone."), 2.0)
    samples, report = run(script)
    assert [sample.raw_counts for sample in samples] == [1.0, 2.0]
    assert (script.opened, script.closed, report.reconnections, report.problem) == (2, 2, 1, None)


def test_silence_is_told_and_forgotten():
    clock = ManualClock(datetime(2026, 11, 20, tzinfo=UTC))
    _, report = run(Script(1.0, lambda: clock.advance(6.0)), clock)
    assert "sent nothing for 6 s" in report.problem
    _, report = run(Script(1.0, lambda: clock.advance(6.0), 2.0), clock)
    assert report.problem is None


def test_an_overload_is_told_while_it_lasts():
    _, report = run(Script(1.0, math.nan))
    assert "overloaded" in report.problem
    _, report = run(Script(1.0, math.nan, 2.0))
    assert report.problem is None
