"""Setup passes: what is no pass is never read as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.setup_pass import BadPassError, SetupPass, decode_pass, encode_pass, join_pass, split_pass

PASS = SetupPass(
    store_id="s1",
    camera="cam",
    user_name="mia",
    setup_url="http://127.0.0.1:8461/",
    return_url="https://stores.example/",
    expires_s=1_800_000_000,
    nonce="0123456789abcdef",
)


def test_a_pass_survives_the_way() -> None:
    payload, signature = split_pass(join_pass(encode_pass(PASS), b"s" * 64))
    assert (decode_pass(payload), signature) == (PASS, b"s" * 64)


@given(st.text(max_size=200))
def test_no_text_is_read_as_anything_but_a_pass_or_refused(text: str) -> None:
    try:
        payload, _ = split_pass(text)
        decode_pass(payload)
    except BadPassError:
        return
    pytest.fail("a text that nobody made was read as a pass")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)//", "https://stores.example/?x", "https://stores.example", "//x/"]
)
def test_the_way_back_leads_to_an_origin_and_nowhere_else(url: str) -> None:
    payload = encode_pass(
        SetupPass(**{name: getattr(PASS, name) for name in PASS.__struct_fields__} | {"return_url": url})
    )
    with pytest.raises(BadPassError):
        decode_pass(payload)
