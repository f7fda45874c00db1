import pytest
from pydantic import SecretStr

from storesense_edge.camera_credentials import Login
from storesense_edge.http_digest import answer_challenge

MUFASA = Login(user="Mufasa", password=SecretStr("Circle of Life"))
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
ASKED = (
    'realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_standard(algorithm: str, response: str) -> None:
    found = answer_challenge(
        ["Digest " + ASKED.format(algorithm)], MUFASA, method="GET", path="/dir/index.html", cnonce=CNONCE
    )
    assert found is not None
    assert f'response="{response}"' in found
    assert "qop=auth, nc=00000001" in found
    assert "Circle" not in found


def test_the_stronger_of_two_challenges_is_answered() -> None:
    both = ["Digest " + ASKED.format(name) for name in ("MD5", "SHA-256")]
    found = answer_challenge(both, MUFASA, method="GET", path="/", cnonce=CNONCE)
    assert found is not None
    assert "algorithm=SHA-256" in found


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Basic realm=x",
        "Digest",
        "Digest realm",
        'Digest realm="a"',
        'Digest realm="a", nonce="b", algorithm=CRC',
        'Digest realm="a", nonce="b", qop="auth-int"',
        'Digest realm="a\\"b", nonce="c"',
    ],
)
def test_what_is_no_challenge_for_us_is_not_answered(challenge: str) -> None:
    assert answer_challenge([challenge], MUFASA, method="POST", path="/", cnonce=CNONCE) is None
