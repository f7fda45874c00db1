"""The setup page's server: nothing without a pass, one pass for one box once, and what drawing and matching say."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fixtures.small_site import camera, site_dict, write_walks
from storesense_contracts.drawing import drawing_of, view_of
from storesense_contracts.errors import UsageError
from storesense_contracts.settings import SettingsError
from storesense_contracts.setup_pass import SetupPass, encode_pass, join_pass, to_base64url
from storesense_contracts.site import CameraDevice, SiteFile
from storesense_edge.drawing import DeviceDrawing
from storesense_edge.picture_desk import PictureDesk
from storesense_edge.settings import EdgeSettings
from storesense_edge.setup_door import SetupDoor
from storesense_edge.setup_page import setup_page
from storesense_edge.setup_server import COOKIE, SetupCamera, SetupServer
from storesense_edge.trajectories import TrajectoryFile

URL = "http://10.0.0.5:8461/"
KEY = Ed25519PrivateKey.generate()
PUBLIC = to_base64url(KEY.public_key().public_bytes_raw())

Ask = Callable[..., tuple[int, Any]]


def a_pass(key: Ed25519PrivateKey = KEY, **changes: Any) -> str:
    values: dict[str, Any] = {
        "store_id": "store-1",
        "camera": "device-1",
        "user_name": "mia",
        "setup_url": URL,
        "return_url": "https://stores.example/",
        "expires_s": int(time.time()) + 50,
        "nonce": f"nonce-{time.monotonic_ns():020d}",
    }
    payload = encode_pass(SetupPass(**values | changes))
    return join_pass(payload, key.sign(payload))


@pytest.fixture
def site(tmp_path: Path) -> SiteFile:
    return SiteFile.model_validate(site_dict([camera(write_walks(tmp_path / "walks.txt"))]))


@pytest.fixture
def desk() -> PictureDesk:
    return PictureDesk()


@pytest.fixture
def server(site: SiteFile, desk: PictureDesk, tmp_path: Path) -> Iterator[SetupServer]:
    tracks = TrajectoryFile(tmp_path / "tracks.db")
    now_ms = int(time.time() * 1000)
    # Three people walk from the left to the right, over the middle of the picture.
    places = [(now_ms - 60_000 + step * 500, who, step / 20, 0.5) for who in (1, 2, 3) for step in range(20)]
    tracks.append(places, [(now_ms - 55_000, "door", False)] * 3)
    device = site.devices[0]
    assert isinstance(device, CameraDevice)
    drawing = DeviceDrawing(device, site.store, tmp_path / "drawing.json")
    door = SetupDoor("store-1", URL, lambda: [PUBLIC])
    with SetupServer({"device-1": SetupCamera(drawing, tracks)}, desk, door, ("127.0.0.1", 0)).running() as running:
        yield running


@pytest.fixture
def ask(server: SetupServer) -> Ask:
    cookies: dict[str, str] = {}

    def request(method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} | headers
        if body is not None:
            sent = {"Content-Type": "application/json"} | sent
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        data = answer.read()
        cookie = answer.getheader("Set-Cookie")
        if cookie is not None:
            assert "HttpOnly; SameSite=Strict" in cookie
            cookies[COOKIE] = cookie.partition("=")[2].partition(";")[0]
        assert answer.getheader("Cache-Control") == "no-store"
        assert "connect-src 'self'" in str(answer.getheader("Content-Security-Policy"))
        connection.close()
        return answer.status, json.loads(data) if "json" in str(answer.getheader("Content-Type")) else data

    return request


def enter(ask: Ask, text: str) -> tuple[int, Any]:
    return ask("POST", "/api/session", {"setup_pass": text})


def test_nothing_is_shown_to_whoever_has_no_pass(ask: Ask) -> None:
    for path in ("/api/picture?camera=device-1", "/api/tracks?camera=device-1"):
        assert ask("GET", path)[0] == 401
    for path in ("/api/match", "/api/try"):
        assert ask("POST", path, {})[0] == 401
    assert ask("GET", "/static/app/ui.js")[0] == 200
    for path in ("/static/../setup.html", "/static/index.html", "/static/app/../../../pyproject.toml", "/static/app"):
        assert ask("GET", path)[0] == 404


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(lambda: a_pass(Ed25519PrivateKey.generate()), "not of a backend", id="somebody else's key"),
        pytest.param(lambda: a_pass(store_id="store-2"), "another edge box", id="another store"),
        pytest.param(lambda: a_pass(setup_url="http://10.0.0.6:8461/"), "another edge box", id="another box"),
        pytest.param(lambda: a_pass(expires_s=int(time.time()) - 1), "too old", id="too old"),
        pytest.param(lambda: a_pass(expires_s=int(time.time()) + 9_999), "too old", id="good for too long"),
        pytest.param(lambda: "x.y", "no pass", id="no pass"),
        pytest.param(lambda: a_pass()[:-6] + "AAAAAA", "not of a backend", id="a changed signature"),
    ],
)
def test_a_pass_that_is_not_for_here_and_now_opens_nothing(ask: Ask, text: Callable[[], str], says: str) -> None:
    status, answer = enter(ask, text())
    assert (status, says in answer["error"]["message"]) == (403, True), answer
    assert ask("GET", "/api/tracks?camera=device-1")[0] == 401


def test_a_pass_opens_once(ask: Ask) -> None:
    text = a_pass()
    status, answer = enter(ask, text)
    assert (status, answer["camera"], answer["return_url"]) == (200, "device-1", "https://stores.example/")
    assert enter(ask, text)[0] == 403
    assert len(ask("GET", "/api/tracks?camera=device-1")[1]["places"]) == 60
    assert ask("POST", "/api/leave", {})[0] == 200
    assert ask("GET", "/api/tracks?camera=device-1")[0] == 401


def test_the_picture_comes_from_the_camera_and_is_jpeg(ask: Ask, desk: PictureDesk) -> None:
    enter(ask, a_pass())
    stop = threading.Event()

    def film() -> None:
        while not stop.wait(0.01):
            desk.offer("device-1", np.zeros((48, 64, 3), dtype=np.uint8))

    filming = threading.Thread(target=film)
    filming.start()
    status, picture = ask("GET", "/api/picture?camera=device-1")
    stop.set()
    filming.join()
    assert (status, picture[:3]) == (200, b"\xff\xd8\xff")
    assert ask("GET", "/api/picture?camera=other")[0] == 404


def test_points_are_matched_as_the_command_does(ask: Ask) -> None:
    enter(ask, a_pass())
    image = [[0.05, 0.95], [0.95, 0.95], [0.8, 0.2], [0.2, 0.2]]
    floor = [[1, 7], [9, 7], [9, 1], [1, 1]]
    status, found = ask("POST", "/api/match", {"image": image, "floor_m": floor})
    assert (status, found["error_cm"], found["residual_cm"]) == (200, None, 0.0)
    status, found = ask("POST", "/api/match", {"image": [*image, [0.5, 0.5]], "floor_m": [*floor, [5, 3.7]]})
    assert status == 200
    assert found["error_cm"] > 0
    status, refused = ask("POST", "/api/match", {"image": image, "floor_m": [[1, 1], [2, 2], [3, 3], [4, 4]]})
    assert (status, "one line" in refused["error"]["message"]) == (422, True)


def drawn(site: SiteFile, **line: Any) -> dict[str, Any]:
    device = site.devices[0]
    assert isinstance(device, CameraDevice)
    drawing = drawing_of(site.store, [view_of(device)]).model_dump(mode="json")
    drawing["lines"].append({"id": "third", "name": "Third"})
    view = {"line": "third", "image": [[0.3, 0.0], [0.3, 1.0]], "in_side": "left"} | line
    drawing["cameras"][0]["lines"].append(view)
    return drawing


def test_a_new_line_is_tried_on_the_last_hour(ask: Ask, site: SiteFile) -> None:
    enter(ask, a_pass())
    status, found = ask("POST", "/api/try", {"camera": "device-1", "drawing": drawn(site)})
    assert status == 200, found
    assert (found["tracks"], found["lines"]["third"], found["zones"]["middle"]) == (3, [3, 0], [3, 3])
    assert found["counted"] == {"door": [0, 3]}


def test_a_line_that_cannot_work_is_told_at_its_place(ask: Ask, site: SiteFile) -> None:
    enter(ask, a_pass())
    status, found = ask(
        "POST", "/api/try", {"camera": "device-1", "drawing": drawn(site, image=[[0.3, 0.5], [0.3, 0.5]])}
    )
    assert (status, found["error"]["message"].startswith("cameras.0.lines.1.image: ")) == (422, True), found


def test_another_sites_page_cannot_act_for_an_installer(ask: Ask) -> None:
    enter(ask, a_pass())
    assert ask("POST", "/api/leave", {}, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert ask("POST", "/api/leave", {}, **{"Content-Type": "text/plain"})[0] == 415


def test_it_is_off_by_default_and_speaks_no_plain_http_to_a_network(desk: PictureDesk) -> None:
    assert setup_page("store-1", EdgeSettings()) is None
    page = setup_page("store-1", EdgeSettings(setup_port=8_461))
    assert page is not None
    assert (page.url, page.listen) == ("http://127.0.0.1:8461/", ("127.0.0.1", 8_461))
    with pytest.raises(SettingsError, match="go together"):
        setup_page("store-1", EdgeSettings(setup_port=8_461, setup_certificate_file=Path("chain.pem")))
    with pytest.raises(UsageError, match="without TLS"):
        SetupServer({}, desk, SetupDoor("s", URL, list), ("0.0.0.0", 0))  # noqa: S104 -- refused


def test_settings_take_an_address_of_a_page_and_nothing_else() -> None:
    with pytest.raises(ValueError, match="setup_url"):
        EdgeSettings(setup_port=1, setup_url="javascript:alert(1)")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(
            {"image": [[0, 0]] * 4, "floor_m": [[0, 0], [1, 0], [1, 1], [0, 1]]}, "on one line", id="one point"
        ),
        pytest.param({"image": [[0, 0], [1, 0], [1, 1]], "floor_m": [[0, 0], [1, 0], [1, 1]]}, "4 or more", id="three"),
        pytest.param({"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0]]}, "1", id="unequal numbers"),
        pytest.param({"image": [[0, 0]] * 51, "floor_m": [[0, 0]] * 51}, "50 pairs", id="too many"),
        pytest.param({"image": [[0, 7]] * 4, "floor_m": [[0, 0]] * 4}, "outside the picture", id="beside the picture"),
        pytest.param({"image": [[0, None]] * 4, "floor_m": []}, "cannot be read", id="no number"),
        pytest.param(
            {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [1e308, 0], [1e308, -1e308], [0, 1]]},
            "on no floor",
            id="numbers without bounds",
        ),
    ],
)
def test_points_that_make_no_floor_are_refused_with_the_reason(ask: Ask, body: object, says: str) -> None:
    enter(ask, a_pass())
    status, found = ask("POST", "/api/match", body)
    assert status == 422
    assert says in found["error"]["message"], found


@pytest.mark.parametrize(
    "floor_m",
    [[[1, 1], [5, 5], [5, 1], [1, 5]], [[1, 1], [3, 3], [5, 5]], [[1, 1], [2, 2]], [[1, 1], [1e300, 1], [2, 9]]],
)
def test_a_zone_that_holds_nobody_is_refused(ask: Ask, site: SiteFile, floor_m: list[list[float]]) -> None:
    enter(ask, a_pass())
    drawing = drawn(site)
    drawing["zones"][0]["floor_m"] = floor_m
    for view in drawing["cameras"][0]["zones"]:
        view["image"] = None
    status, found = ask("POST", "/api/try", {"camera": "device-1", "drawing": drawing})
    assert status == 422
    assert found["error"]["message"]
