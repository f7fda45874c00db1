"""Finds network cameras by ONVIF and asks them for their streams.

Only the three requests that are needed are spoken: the WS-Discovery probe (OASIS WS-Discovery 1.1, UDP multicast), the
device service and the media service (ONVIF Core and Media). Answers come from the network: they are bounded, a document
type is refused, and addresses are taken over only with the host that was asked, so that no answer can have a password
sent elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import secrets
import socket
import ssl
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from storesense_edge.http_digest import answer_challenge
from storesense_edge.vision.errors import SourceError

if TYPE_CHECKING:
    from storesense_edge.camera_credentials import Login

MULTICAST = ("239.255.255.250", 3702)
_MAX_BYTES = 256_000
_MAX_CAMERAS = 512
_TIMEOUT_S = 5.0
_PROBE_EVERY_S = 1.0
"""Datagrams get lost, and a camera answers the same probe once (WS-Discovery repeats it too)."""
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header><w:MessageID>urn:uuid:{id}</w:MessageID>
<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that answered a probe.

    Attributes:
        url: the address of its ONVIF service, for the site file.
        name: what it calls itself.
        model: its hardware, where it says so.
    """

    url: str
    name: str
    model: str


def find_cameras(
    duration_s: float, *, interface: str | None = None, target: tuple[str, int] = MULTICAST
) -> list[FoundCamera]:
    """Ask the network for ONVIF cameras and gather the answers.

    Args:
        duration_s: how long to wait for answers.
        interface: this machine's address in the cameras' network; the system's choice if None.
        target: where the probe goes.

    Raises:
        SourceError: the probe cannot be sent.
    """
    found: dict[str, FoundCamera] = {}
    until_s = time.monotonic() + duration_s
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
            if interface is not None:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
            probe, probe_s = _PROBE.format(id=uuid.uuid4()).encode(), time.monotonic()
            while len(found) < _MAX_CAMERAS and (now_s := time.monotonic()) < until_s:
                if now_s >= probe_s:
                    sock.sendto(probe, target)
                    probe_s = now_s + min(_PROBE_EVERY_S, duration_s / 3)
                sock.settimeout(max(0.001, min(until_s, probe_s) - now_s))
                try:
                    answer, (host, _) = sock.recvfrom(65_535)
                except TimeoutError:
                    continue
                for camera in probe_matches(answer, host):
                    found.setdefault(camera.url, camera)
    except OSError as exc:
        raise SourceError(
            source="camera search",
            cause=f"the probe cannot be sent ({exc.strerror or exc})",
            remedy="connect this machine to the cameras' network, or name its address there with --interface",
        ) from exc
    return sorted(found.values(), key=lambda camera: camera.url)


def probe_matches(answer: bytes, host: str) -> list[FoundCamera]:
    """Read an answer to a probe; what is no answer gives nothing.

    Args:
        answer: the datagram.
        host: where it came from; a camera speaks for itself alone.
    """
    try:
        root = _parsed(answer)
    except ET.ParseError:
        return []
    cameras = []
    for match in _all(root, "ProbeMatch"):
        scopes = _text(match, "Scopes").split()
        urls = [
            text
            for text in _text(match, "XAddrs").split()
            if _host(text) == host and text.startswith(("http:", "https:"))
        ]
        if urls:
            cameras.append(FoundCamera(urls[0], _scope(scopes, "name"), _scope(scopes, "hardware")))
    return cameras


class OnvifDevice:
    """One camera's ONVIF services.

    Args:
        url: the address of its device service.
        login: how to sign in; None where it wants nobody to.
    """

    def __init__(self, url: str, login: Login | None) -> None:
        self._url = url
        self._login = login
        self._ahead = timedelta(0)

    def stream_url(self, profile: str | None = None) -> str:
        """Ask for the address of the stream, without user name and password.

        Args:
            profile: the token of a profile; the camera's first if None.

        Raises:
            SourceError: the camera does not answer, refuses the login, or has no such profile.
        """
        self._ahead = self._clock_ahead()
        device = "http://www.onvif.org/ver10/device/wsdl"
        answer = self._ask(self._url, f'<GetCapabilities xmlns="{device}"><Category>Media</Category></GetCapabilities>')
        media = next((_text(found, "XAddr") for found in _all(answer, "Media")), "")
        media_url = self._own(media) if media else self._url
        schema = "http://www.onvif.org/ver10/schema"
        media_ns = "http://www.onvif.org/ver10/media/wsdl"
        if profile is None:
            tokens = [
                found.get("token")
                for found in _all(self._ask(media_url, f'<GetProfiles xmlns="{media_ns}"/>'), "Profiles")
            ]
            profile = next((token for token in tokens if token), None)
            if profile is None:
                raise self._error("it has no video profile", "set one up on the camera's own page")
        answer = self._ask(
            media_url,
            f'<GetStreamUri xmlns="{media_ns}"><StreamSetup><Stream xmlns="{schema}">RTP-Unicast</Stream>'
            f'<Transport xmlns="{schema}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
            f"<ProfileToken>{escape(profile)}</ProfileToken></GetStreamUri>",
        )
        uri = _text(answer, "Uri")
        if not uri.lower().startswith(("rtsp://", "rtsps://")):
            raise self._error(f"it names no stream for the profile {profile[:100]!r}", "choose another profile")
        return self._own(uri)

    def model(self) -> str:
        """Ask for manufacturer and model. Raises SourceError."""
        self._ahead = self._clock_ahead()
        answer = self._ask(self._url, '<GetDeviceInformation xmlns="http://www.onvif.org/ver10/device/wsdl"/>')
        return f"{_text(answer, 'Manufacturer')} {_text(answer, 'Model')}".strip()[:100]

    def _clock_ahead(self) -> timedelta:
        """How far the camera's clock is ahead of ours: it refuses a login whose time stamp is not its own."""
        body = '<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
        answer = self._ask(self._url, body, signs_in=False)
        for found in _all(answer, "UTCDateTime"):
            try:
                numbers = [int(_text(found, name)) for name in ("Year", "Month", "Day", "Hour", "Minute", "Second")]
                there_at = datetime(*numbers, tzinfo=UTC)  # type: ignore[misc,arg-type]
            except ValueError:
                break
            return there_at - datetime.now(UTC)
        return timedelta(0)

    def _own(self, url: str) -> str:
        """An address that the camera told, at the host that was asked: behind a router it may not know its own."""
        try:
            told, port, asked = urlsplit(url), urlsplit(url).port, urlsplit(self._url)
        except ValueError as exc:
            raise self._error("it tells an address that is none", "give its stream as an rtsp source") from exc
        host = asked.hostname or ""
        netloc = f"[{host}]" if ":" in host else host
        return urlunsplit(told._replace(netloc=netloc if port is None else f"{netloc}:{port}"))

    def _ask(self, url: str, body: str, *, signs_in: bool = True) -> ET.Element:
        header = "" if self._login is None or not signs_in else _security(self._login, datetime.now(UTC) + self._ahead)
        envelope = (
            '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
            f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        status, raw, challenges = self._post(url, envelope.encode())
        if status == HTTPStatus.UNAUTHORIZED and self._login is not None:
            # Newer cameras sign in over HTTP, and not in the envelope.
            path = _path_of(url)
            signed = answer_challenge(challenges, self._login, method="POST", path=path, cnonce=secrets.token_hex(16))
            if signed is not None:
                status, raw, _ = self._post(url, envelope.encode(), signed)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._refused()
        try:
            root = _parsed(raw)
        except ET.ParseError as exc:
            raise self._error(f"it does not speak ONVIF (HTTP {status})", "check the address") from exc
        if any(True for _ in _all(root, "Fault")):
            fault = " ".join(text.strip() for text in root.itertext() if text.strip())
            if "NotAuthorized" in fault or "not authorized" in fault.lower():
                raise self._refused()
            raise self._error(f"it answers with a fault ({fault[:200]})", "check the profile and the camera's settings")
        return root

    def _post(self, url: str, body: bytes, signed: str | None = None) -> tuple[int, bytes, list[str]]:
        parts = urlsplit(url)
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, parts.port, timeout=_TIMEOUT_S, context=context)
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT_S)
        try:
            headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
            if signed is not None:
                headers["Authorization"] = signed
            connection.request("POST", _path_of(url), body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_MAX_BYTES), answer.headers.get_all("WWW-Authenticate") or []
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise self._error(f"it does not answer ({exc})", "check its address, its power and its cable") from exc
        finally:
            connection.close()

    def _refused(self) -> SourceError:
        return self._error(
            "it refuses the login",
            "check its entry in the camera credentials file; many cameras want a user of their own for ONVIF",
        )

    def _error(self, cause: str, remedy: str) -> SourceError:
        return SourceError(source=f"ONVIF camera {urlsplit(self._url).netloc}", cause=cause, remedy=remedy)


def _security(login: Login, now_at: datetime) -> str:
    """A user-name token with a digest (WS-Security UsernameToken 1.0), so that the password itself never travels."""
    nonce = secrets.token_bytes(16)
    created = now_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    material = nonce + created.encode() + login.password.get_secret_value().encode()
    digest = base64.b64encode(hashlib.sha1(material, usedforsecurity=False).digest()).decode()
    return (
        f'<w:Security xmlns:w="{_WSSE}" xmlns:u="{_WSU}"><w:UsernameToken><w:Username>{escape(login.user)}</w:Username>'
        f'<w:Password Type="{_DIGEST}">{digest}</w:Password>'
        f'<w:Nonce EncodingType="{_BASE64}">{base64.b64encode(nonce).decode()}</w:Nonce>'
        f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )


def _parsed(raw: bytes) -> ET.Element:
    # Entities, and so every known way to make a small document large, need a document type; SOAP forbids one.
    if len(raw) >= _MAX_BYTES or b"<!" in raw.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise ET.ParseError("too long, or with a document type")
    if b"\x00" in raw:
        raise ET.ParseError("not UTF-8")
    return ET.fromstring(raw)  # noqa: S314 -- no document type, bounded length


def _all(root: ET.Element, name: str) -> list[ET.Element]:
    return [found for found in root.iter() if found.tag.rsplit("}", 1)[-1] == name]


def _text(root: ET.Element, name: str) -> str:
    return next(((found.text or "").strip() for found in _all(root, name)), "")


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _scope(scopes: list[str], kind: str) -> str:
    prefix = f"onvif://www.onvif.org/{kind}/"
    text = next((unquote(scope[len(prefix) :]) for scope in scopes if scope.startswith(prefix)), "")
    return "".join(char for char in text if char.isprintable())[:100]
