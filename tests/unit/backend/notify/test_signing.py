"""Signatures of webhooks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.notify.signing import sign, verify

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@given(st.binary(max_size=200), st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3))
def test_what_is_signed_is_taken_by_whoever_has_one_of_the_secrets(body, secrets):
    header = sign(body, secrets, AT)
    assert all(verify(header, body, [secret], AT) for secret in secrets)
    assert not verify(header, body + b".", secrets, AT)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "nothing"),
        ("t=1,v1=00", "long ago"),
        ("v1=00", "without a time"),
        ("t=²,v1=00", "a digit that is none"),
        (f"t={int(AT.timestamp())},v1=\N{SNOWMAN}", "no hexadecimal text"),
    ],
)
def test_what_is_no_signature_is_refused(header, reason):
    assert not verify(header, b"{}", ["secret"], AT), reason


def test_a_replay_is_refused_after_the_window():
    header = sign(b"{}", ["secret"], AT)
    assert verify(header, b"{}", ["secret"], AT + timedelta(seconds=299))
    assert not verify(header, b"{}", ["secret"], AT + timedelta(seconds=302))
