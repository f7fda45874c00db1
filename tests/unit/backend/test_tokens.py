"""Secrets are minted long and kept as digests."""

import hashlib

from storesense_backend.tokens import KEY_PREFIX, digest, new_api_key, new_password, new_session_token


def test_every_secret_is_new():
    for mint in (new_session_token, new_api_key, new_password):
        assert len({mint() for _ in range(50)}) == 50


def test_lengths_leave_nothing_to_guess():
    assert len(new_session_token()) >= 43
    assert new_api_key().startswith(KEY_PREFIX)
    assert len(new_password()) == 20


def test_the_digest_is_of_the_whole_secret():
    assert digest("abc") == hashlib.sha256(b"abc").digest()


def test_a_huge_secret_costs_no_more_and_equals_no_short_one():
    assert digest("x" * 200) != digest("x" * 201)
    assert digest("x" * 10_000) == digest("x" * 201)
