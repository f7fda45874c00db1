"""What scales say: the dialects that are understood, and what is none of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.shelf.scale_lines import ScaleState, parse_scale_line


@pytest.mark.parametrize(
    ("line", "state", "weight_g", "resolution_g"),
    [
        (b"ST,GS,+  1.234kg", "stable", 1234.0, 1.0),
        (b"US,GS,+  1.230kg\r", "moving", 1230.0, 1.0),
        (b"ST,NT,-00012.5  g", "stable", -12.5, 0.1),
        (b"ST,+00123.45  g", "stable", 123.45, 0.01),
        (b"OL,GS,+------kg", "overload", None, None),
        (b"OL,GS,-------kg", "underload", None, None),
        (b"S S      12.34 g", "stable", 12.34, 0.01),
        (b"S D     -12.34 g", "moving", -12.34, 0.01),
        (b"S +", "overload", None, None),
        (b"S -", "underload", None, None),
        (b"S I", "busy", None, None),
        (b"     512.3 g   ", "stable", 512.3, 0.1),
        (b"     512.3 g  ?", "moving", 512.3, 0.1),
        (b"-   512.3 g  NET", "stable", -512.3, 0.1),
        (b"\x02 2.50 lb\x03", "stable", 1133.980925, 4.5359237),
        (b"1,5kg", "stable", 1500.0, 100.0),
        (b"GS:  0.5 kg", "stable", 500.0, 100.0),
        (b"42", "stable", 42.0, 1.0),
        (b"------", "overload", None, None),
    ],
)
def test_dialects(line, state, weight_g, resolution_g):
    said = parse_scale_line(line)
    assert said is not None
    assert said.state is ScaleState(state)
    assert said.weight_g == pytest.approx(weight_g)
    assert said.resolution_g == pytest.approx(resolution_g)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"   ",
        b"\xb2\xd4,G\xd3",
        b"hello",
        b"ST,GS,",
        b"12.3 g 45",
        b"12.3.4",
        b"x" * 200,
        b"1\x001",
        b"12 cups of tea",
    ],
)
def test_what_is_no_weight(line):
    assert parse_scale_line(line) is None


def test_a_number_without_a_unit_has_the_default_one():
    assert parse_scale_line(b"ST,GS,+ 1.5", default_unit="kg").weight_g == 1500.0


@given(st.binary(max_size=120))
def test_no_bytes_do_harm(line):
    said = parse_scale_line(line)
    assert said is None or said.weight_g is None or abs(said.weight_g) <= 1e15
