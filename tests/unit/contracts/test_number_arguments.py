"""Numbers of commands: what is within the bounds is read, all else is refused with what is wanted."""

import argparse
from collections.abc import Callable

import pytest

from storesense_contracts.number_arguments import duration, number, port, seed, whole_number


@pytest.mark.parametrize(("text", "value"), [("0.5", 0.5), ("1", 1.0), ("3", 3.0)])
def test_a_number_within_its_bounds_is_read(text: str, value: float) -> None:
    assert number(0.5, 3, "hours")(text) == value


@pytest.mark.parametrize("text", ["0.49", "3.1", "nan", "inf", "", "three", "-1"])
def test_any_other_number_is_refused_with_what_is_wanted(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"is no number of hours from 0.5 to 3"):
        number(0.5, 3, "hours")(text)


def test_bounds_can_be_out_themselves() -> None:
    share = number(0, 1, is_above=True, is_below=True)
    assert share("0.999") == 0.999
    for text in ("0", "1"):
        with pytest.raises(argparse.ArgumentTypeError, match="is no number above 0 to below 1"):
            share(text)


@pytest.mark.parametrize("text", ["0", "65", "2.5", "-2", "²", "", "1e1", "9" * 5_000])
def test_what_is_no_whole_number_within_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no whole number of days from 1 to 64"):
        whole_number(1, 64, "days")(text)


def test_a_whole_number_within_its_bounds_is_read() -> None:
    assert [whole_number(1, 64)(text) for text in ("1", "064", "64")] == [1, 64, 64]


@pytest.mark.parametrize(
    ("read", "least", "most", "beyond"),
    [
        pytest.param(port, "0", "65535", ["-1", "65536"], id="a port, 0 to take a free one"),
        pytest.param(seed, "0", str(2**63 - 1), ["-1", str(2**63)], id="a seed that a database column holds"),
        pytest.param(duration, "1e-9", "31536000", ["0", "31536000.1", "nan"], id="seconds up to a year"),
    ],
)
def test_what_many_commands_ask_for_has_the_same_bounds_everywhere(
    read: Callable[[str], float], least: str, most: str, beyond: list[str]
) -> None:
    assert (read(least), read(most)) == (float(least), pytest.approx(float(most)))
    for text in beyond:
        with pytest.raises(argparse.ArgumentTypeError, match="is no "):
            read(text)
