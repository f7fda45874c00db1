import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts import ids
from storesense_contracts.ids import InvalidIdError


@pytest.mark.parametrize(
    "text", ["a", "0", "lane-1", "Shop_7.east", "x" * 64], ids=["one letter", "digit", "dash", "mixed", "longest"]
)
def test_valid_ids_are_returned_as_they_are(text: str) -> None:
    assert ids.device_id(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("x" * 65, "too long"),
        ("a/b", "a slash would add a topic level"),
        ("a#", "an MQTT wildcard"),
        ("a+", "an MQTT wildcard"),
        (".hidden", "must begin with a letter or digit"),
        ("..", "path traversal"),
        ("$SYS", "a broker's own topics"),
        ("a b", "a blank"),
        ("a\n", "a trailing newline, which a bare $ would let through"),
        ("a\x00", "a NUL byte"),
        ("é", "beyond ASCII"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(text: str, why: str) -> None:
    with pytest.raises(InvalidIdError, match="letters, digits") as caught:
        ids.device_id(text)
    assert caught.value.kind == "device", why


def test_boot_ids_are_128_random_bits() -> None:
    minted = {ids.new_boot_id() for _ in range(200)}
    assert len(minted) == 200
    assert all(len(boot) == 32 and int(boot, 16) >= 0 for boot in minted)


@given(st.text(max_size=70))
def test_no_accepted_id_can_change_a_topic(text: str) -> None:
    try:
        ids.store_id(text)
    except InvalidIdError:
        return
    assert not set(text) & set("/#+$\x00 \n")
    assert 1 <= len(text) <= 64
