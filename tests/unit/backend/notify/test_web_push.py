"""Encryption for browsers against the example of RFC 8291, and the key file."""

import json
import stat
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.notify import web_push
from storesense_backend.notify.web_push import PushError, from_base64url, to_base64url

# RFC 8291, appendix A
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
RECEIVER_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
MESSAGE = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private(text):
    return ec.derive_private_key(int.from_bytes(from_base64url(text), "big"), ec.SECP256R1())


def test_the_example_of_the_standard():
    message = web_push.encrypt(
        PLAIN,
        p256dh=from_base64url(RECEIVER_PUBLIC),
        auth=from_base64url(AUTH),
        key=private(SENDER),
        salt=from_base64url(SALT),
    )
    assert to_base64url(message) == MESSAGE
    assert web_push.decrypt(from_base64url(MESSAGE), key=private(RECEIVER), auth=from_base64url(AUTH)) == PLAIN


@given(st.binary(max_size=web_push.MAX_PLAIN_BYTES), st.binary(min_size=16, max_size=16))
def test_what_is_encrypted_is_read_again(plain, salt):
    message = web_push.encrypt(
        plain, p256dh=from_base64url(RECEIVER_PUBLIC), auth=bytes(16), key=private(SENDER), salt=salt
    )
    assert web_push.decrypt(message, key=private(RECEIVER), auth=bytes(16)) == plain
    with pytest.raises(PushError):
        web_push.decrypt(message, key=private(RECEIVER), auth=b"1" * 16)


def test_push_services_can_tell_who_sends():
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime(2026, 11, 20, tzinfo=UTC)
    header = web_push.authorization("https://push.example:8443/abc", key, now, "mailto:a@b.c")
    token, public = (part.split("=", 1)[1] for part in header.removeprefix("vapid ").split(", "))
    head, claims, mark = token.split(".")
    signature = from_base64url(mark)
    both = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    told = web_push.read_public(from_base64url(public))
    told.verify(both, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    assert json.loads(from_base64url(claims))["aud"] == "https://push.example:8443"


def test_the_key_is_made_once_and_is_ours_alone(tmp_path):
    path = tmp_path / "push.pem"
    made = web_push.kept_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert web_push.kept_key(path).private_numbers() == made.private_numbers()
    path.write_text("something else")
    with pytest.raises(PushError, match="STORESENSE_NOTIFY_PUSH_KEY_FILE"):
        web_push.kept_key(path)
