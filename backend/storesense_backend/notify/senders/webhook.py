"""Signed webhooks over HTTP: no redirect followed, little of the answer read, some addresses never asked."""

import asyncio
import ipaddress
import json
import socket
from collections.abc import Callable, Collection
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from storesense_backend.notify.senders.port import Parcel, SendError, Way
from storesense_backend.notify.signing import KEY_HEADER, SIGNATURE_HEADER, sign

_READ_BYTES = 2_000
_FINAL = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})
"""Answers that say the message, or the address, is wrong; everything else may pass."""


class WebhookSender:
    """Posts JSON.

    Args:
        hosts: the only host names that may be asked; none for any but those that never may.
        now: the present, for signatures.
        timeout_s: for the whole of one request.
    """

    def __init__(self, *, hosts: Collection[str], now: Callable[[], datetime], timeout_s: float) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._now = now
        self._timeout_s = timeout_s
        self._client: httpx.AsyncClient | None = None

    async def send(self, way: Way, parcel: Parcel) -> None:
        """Post a parcel. Raises SendError for anything but an answer of 200 to 299."""
        body = json.dumps(parcel.payload, ensure_ascii=False, separators=(",", ":")).encode()
        signing = valid_secrets(way, self._now())
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": parcel.key,
            KEY_HEADER: parcel.key,
            SIGNATURE_HEADER: sign(body, signing, self._now()),
        }
        await self.post(str(way.secrets["url"]), body, headers)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        """Post bytes. Raises SendError."""
        await check_address(url, self._hosts)
        if self._client is None:
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                headers={"User-Agent": "Storesense"},
                limits=httpx.Limits(max_connections=200, max_keepalive_connections=50),
                timeout=self._timeout_s,
            )
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._client.stream("POST", url, content=body, headers=headers) as answer:
                    status, said = answer.status_code, b""
                    if not answer.is_success:
                        async for chunk in answer.aiter_raw(_READ_BYTES):
                            said += chunk
                            if len(said) >= _READ_BYTES:
                                break
        except TimeoutError as exc:
            raise SendError(f"no answer within {self._timeout_s:g} s") from exc
        except httpx.TimeoutException as exc:
            raise SendError(f"no answer within {self._timeout_s:g} s") from exc
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
            # What httpx says may name the whole address, which may hold a token.
            raise SendError(f"could not be asked ({type(exc).__name__})") from exc
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise SendError(f"answered {status}, and redirects are not followed; give the final address", is_final=True)
        words = " ".join(said[:200].decode("utf-8", "replace").split())
        shown = "".join(sign_ for sign_ in words if sign_.isprintable())
        raise SendError(f"answered {status}: {shown}".rstrip(": "), is_final=status in _FINAL, is_gone=status == 410)

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def valid_secrets(way: Way, now: datetime) -> list[str]:
    """Return the secrets of a channel that sign now, the newest first."""
    listed = way.secrets.get("signing", [])
    return [each["secret"] for each in listed if each["until"] is None or datetime.fromisoformat(each["until"]) > now]


async def check_address(url: str, hosts: Collection[str]) -> None:
    """Refuse an address that is none of ours to ask. Raises SendError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise SendError("the address cannot be read", is_final=True) from exc
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host:
        raise SendError("the address is no http:// or https:// one", is_final=True)
    if hosts and host not in hosts:
        raise SendError(
            f"{host} is not among the hosts that may be asked (STORESENSE_NOTIFY_WEBHOOK_HOSTS)", is_final=True
        )
    try:
        addresses = [str(ipaddress.ip_address(host))]
    except ValueError:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(5.0):
                found = await loop.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError, UnicodeError) as exc:
            raise SendError(f"{host} has no address now") from exc
        addresses = [str(each[4][0]) for each in found]
    for address in addresses:
        # Link-local is where clouds keep their machines' credentials.
        ip = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
            raise SendError(f"{host} leads to an address that is never asked", is_final=True)
