"""A camera of our own on loopback answers the probe and the SOAP requests."""

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from storesense_edge.camera_credentials import Login
from storesense_edge.onvif import OnvifDevice, find_cameras, probe_matches
from storesense_edge.vision.errors import SourceError

LOGIN = Login("viewer", SecretStr("hush-hush"))
_ANSWERS = {
    "GetSystemDateAndTime": "<r><UTCDateTime><Time><Hour>9</Hour><Minute>5</Minute><Second>7</Second></Time>"
    "<Date><Year>2019</Year><Month>4</Month><Day>30</Day></Date></UTCDateTime></r>",
    "GetCapabilities": "<r><Media><XAddr>http://10.9.8.7:{port}/media</XAddr></Media></r>",
    "GetProfiles": '<r><Profiles token="main"/><Profiles token="small"/></r>',
    "GetStreamUri": "<r><MediaUri><Uri>rtsp://10.9.8.7:554/live?p={profile}</Uri></MediaUri></r>",
    "GetDeviceInformation": "<r><Manufacturer>Acme</Manufacturer><Model>Dome 4</Model></r>",
}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, text))  # type: ignore[attr-defined]
        name = next(name for name in _ANSWERS if f"<{name} " in text or f"<{name}/" in text)
        status, body = 200, _ANSWERS[name]
        by_http = getattr(self.server, "wants_http", False)
        if name != "GetSystemDateAndTime" and not (self._signed_by_http() if by_http else signed(text)):
            status, body = 401, "<Fault/>"
        profile = re.search("<ProfileToken>(.*?)</ProfileToken>", text)
        body = body.replace("{port}", str(self.server.server_port)).replace(
            "{profile}", profile.group(1) if profile else ""
        )  # type: ignore[attr-defined]
        raw = getattr(self.server, "raw", None) or f"<e:Envelope xmlns:e='urn:e'>{body}</e:Envelope>".encode()
        self.send_response(status)
        if status == 401 and by_http:
            self.send_header("WWW-Authenticate", 'Basic realm="cam"')
            self.send_header("WWW-Authenticate", 'Digest realm="cam", qop="auth", nonce="n0nce"')
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _signed_by_http(self) -> bool:
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', self.headers.get("Authorization", "")))
        secret, request = hash_of("viewer:cam:hush-hush"), hash_of(f"POST:{self.path}")
        expected = hash_of(f"{secret}:n0nce:00000001:{told.get('cnonce')}:auth:{request}")
        return told.get("uri") == self.path and told.get("response") == expected

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


def hash_of(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def signed(text: str) -> bool:
    """True if the digest is that of the password and the time is the camera's."""
    found = re.search(r'PasswordDigest">(.*?)<.*?Base64Binary">(.*?)<.*?Created>(2019-04-30T09:05:.*?)<', text)
    if found is None:
        return False
    digest, nonce, created = found.groups()
    material = base64.b64decode(nonce) + created.encode() + b"hush-hush"
    return base64.b64encode(hashlib.sha1(material, usedforsecurity=False).digest()).decode() == digest


@pytest.fixture
def camera() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def service(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}/onvif/device_service"


def test_the_stream_is_asked_for_and_stays_with_the_host_that_was_asked(camera: ThreadingHTTPServer) -> None:
    assert OnvifDevice(service(camera), LOGIN).stream_url() == "rtsp://127.0.0.1:554/live?p=main"
    assert OnvifDevice(service(camera), LOGIN).stream_url("small") == "rtsp://127.0.0.1:554/live?p=small"
    asked = camera.asked  # type: ignore[attr-defined]
    assert {path for path, text in asked if "GetStreamUri" in text} == {"/media"}
    assert not [text for _, text in asked if "hush-hush" in text]
    assert OnvifDevice(service(camera), LOGIN).model() == "Acme Dome 4"


def test_a_camera_that_wants_the_login_over_http_gets_it_there(camera: ThreadingHTTPServer) -> None:
    camera.wants_http = True  # type: ignore[attr-defined]
    assert OnvifDevice(service(camera), LOGIN).stream_url() == "rtsp://127.0.0.1:554/live?p=main"


@pytest.mark.parametrize("wants_http", [False, True])
@pytest.mark.parametrize("login", [None, Login("viewer", SecretStr("wrong-one"))])
def test_a_refused_login_says_so_and_not_the_password(
    camera: ThreadingHTTPServer, login: Login | None, wants_http: bool
) -> None:
    camera.wants_http = wants_http  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match="refuses the login") as caught:
        OnvifDevice(service(camera), login).stream_url()
    assert "wrong-one" not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"<html>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a>" + b"x" * 300_000 + b"</a>",
        "<!DOCTYPE a><a/>".encode("utf-16"),
    ],
    ids=["no XML", "entities", "too long", "another encoding"],
)
def test_what_is_no_answer_is_refused(camera: ThreadingHTTPServer, raw: bytes) -> None:
    camera.raw = raw  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match="does not speak ONVIF"):
        OnvifDevice(service(camera), LOGIN).stream_url()


def test_a_camera_that_is_away_is_said_to_be() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(SourceError, match="does not answer"):
            OnvifDevice(f"http://127.0.0.1:{unused.getsockname()[1]}/", LOGIN).stream_url()


MATCH = (
    "<E xmlns:d='urn:d'><d:ProbeMatches><d:ProbeMatch><d:Scopes>onvif://www.onvif.org/name/Door%20cam "
    "onvif://www.onvif.org/hardware/D4</d:Scopes><d:XAddrs>http://{host}/onvif</d:XAddrs></d:ProbeMatch></d:ProbeMatches></E>"
)


def test_cameras_that_answer_the_probe_are_listed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as fake:
        fake.bind(("127.0.0.1", 0))
        fake.settimeout(10)

        def answer() -> None:
            lost, _ = fake.recvfrom(65_535)
            probe, who = fake.recvfrom(65_535)
            assert b"NetworkVideoTransmitter" in probe
            assert probe == lost, "a camera that heard both answers once"
            fake.sendto(b"junk", who)
            fake.sendto(MATCH.replace("{host}", "10.0.0.9").encode(), who)
            for _ in range(2):
                fake.sendto(MATCH.replace("{host}", "127.0.0.1").encode(), who)

        thread = threading.Thread(target=answer)
        thread.start()
        found = find_cameras(0.6, target=fake.getsockname())
        thread.join()
    assert [(camera.url, camera.name, camera.model) for camera in found] == [
        ("http://127.0.0.1/onvif", "Door cam", "D4")
    ]


@pytest.mark.parametrize("answer", [b"", b"<", b"<!DOCTYPE a><a/>", b"\xff\xfe<", b"<a/>"])
def test_junk_on_the_network_is_no_camera(answer: bytes) -> None:
    assert probe_matches(answer, "127.0.0.1") == []
