"""What the demo says, read back from a console of text."""

import asyncio
import io
import itertools

import pytest
from rich.console import Console

from storesense_simulators.demo_screen import Screen


@pytest.fixture
def text():
    return io.StringIO()


@pytest.fixture(params=[True, False], ids=["terminal", "log file"])
def screen(request, text):
    console = Console(file=text, force_terminal=request.param, width=60, color_system=None)
    return Screen(console, monotonic_s=itertools.count(100.0, 1.26).__next__)


def test_a_step_that_is_done_says_so(screen, text):
    with screen.step("database"):
        pass
    assert "✓ database  1.3 s" in text.getvalue()


def test_a_step_that_fails_is_marked_and_the_error_goes_on(screen, text):
    with pytest.raises(RuntimeError), screen.step("database"):
        raise RuntimeError("no")
    assert "✗ database" in text.getvalue()
    assert "✓" not in text.getvalue()


def test_a_step_that_is_called_off_is_no_failure(screen, text):
    with pytest.raises(asyncio.CancelledError), screen.step("database"):
        raise asyncio.CancelledError
    assert "- database, called off" in text.getvalue()
    assert "✗" not in text.getvalue()


def test_the_welcome_names_address_and_sign_in(screen, text):
    screen.welcome(
        store="[Corner] Shop", url="http://127.0.0.1:8080/", user_name="admin", password="pa[ss]w", data_dir="/d"
    )
    assert "[Corner] Shop is open at http://127.0.0.1:8080/" in text.getvalue()
    assert "Sign in as admin with pa[ss]w" in text.getvalue()
