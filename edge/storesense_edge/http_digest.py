"""Signing in to a camera over HTTP without sending the password: digest access authentication (RFC 7616)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.request import parse_http_list, parse_keqv_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storesense_edge.camera_credentials import Login

_HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
_MAX_CHARS = 2_000


def answer_challenge(challenges: Iterable[str], login: Login, *, method: str, path: str, cnonce: str) -> str | None:
    """Return the ``Authorization`` of a request, or None where no challenge is one that can be answered.

    Args:
        challenges: every ``WWW-Authenticate`` of the refusal.
        login: user name and password.
        method: of the request.
        path: of the request, with its query.
        cnonce: our own chance, never used twice.
    """
    known = {}
    for challenge in challenges:
        scheme, _, rest = challenge[:_MAX_CHARS].partition(" ")
        if scheme.lower() != "digest":
            continue
        try:
            asked = parse_keqv_list(parse_http_list(rest))
        except ValueError:
            continue
        asked = {name.lower(): value for name, value in asked.items()}
        algorithm = asked.get("algorithm", "MD5").upper()
        qops = [each.strip() for each in asked.get("qop", "").split(",") if each.strip()]
        if algorithm in _HASHES and asked.get("nonce") and "realm" in asked and (not qops or "auth" in qops):
            known[algorithm] = asked
    # The stronger one of those that are offered.
    algorithm = next((each for each in _HASHES if each in known), "")
    if not algorithm or any(sign in login.user for sign in '"\\\r\n'):
        return None
    asked = known[algorithm]

    def digest(*parts: str) -> str:
        return _HASHES[algorithm](":".join(parts).encode(), usedforsecurity=False).hexdigest()

    secret = digest(login.user, asked["realm"], login.password.get_secret_value())
    request = digest(method, path)
    fields = {"username": login.user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": path}
    if asked.get("qop"):
        fields |= {"cnonce": cnonce, "response": digest(secret, asked["nonce"], "00000001", cnonce, "auth", request)}
        bare = f", algorithm={algorithm}, qop=auth, nc=00000001"
    else:
        fields |= {"response": digest(secret, asked["nonce"], request)}
        bare = f", algorithm={algorithm}"
    if "opaque" in asked:
        fields["opaque"] = asked["opaque"]
    if any(sign in value for value in fields.values() for sign in '"\\\r\n'):
        return None
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items()) + bare
