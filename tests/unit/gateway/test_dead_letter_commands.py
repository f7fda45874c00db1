"""Payloads of dead letters are shown as what they are."""

import argparse

import pytest

from storesense_gateway.dead_letter_commands import _instant, payload_as_text


def test_a_text_is_shown_as_text_and_the_rest_in_hex() -> None:
    assert payload_as_text('{"ü":1}'.encode()) == {"payload_text": '{"ü":1}'}
    assert payload_as_text(b"\xff\x00") == {"payload_hex": "ff 00"}
    assert len(payload_as_text(b"\xff" * 9_000)["payload_hex"]) < 2_000


@pytest.mark.parametrize("text", ["yesterday", "2026-11-20T12:00:00"])
def test_an_instant_needs_an_offset(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="offset"):
        _instant(text)
