"""The edge box's own page in a browser: mouse, finger and keys, both languages and looks, screens of all sizes."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, BrowserContext, Page, expect

from fixtures.axe import Axe
from fixtures.page_states import at_rest, expect_no_wider, place_of
from fixtures.small_site import camera, site_dict, write_walks
from storesense_contracts.drawing import drawing_of, view_of
from storesense_contracts.setup_pass import SetupPass, encode_pass, join_pass, to_base64url
from storesense_contracts.site import CameraDevice, SiteFile
from storesense_edge.drawing import DeviceDrawing
from storesense_edge.picture_desk import PictureDesk
from storesense_edge.setup_door import SetupDoor
from storesense_edge.setup_server import SetupCamera, SetupServer
from storesense_edge.trajectories import TrajectoryFile

BOX = "http://10.0.0.5:8461/"
KEY = Ed25519PrivateKey.generate()
PUBLIC = to_base64url(KEY.public_key().public_bytes_raw())
SHOP = "Markt 市场 🛒 </script><script>window.ran = true</script>"


def a_pass() -> str:
    given = SetupPass(
        store_id="store-1",
        camera="device-1",
        user_name="mia",
        setup_url=BOX,
        return_url="https://stores.example/",
        expires_s=int(time.time()) + 50,
        nonce=f"nonce-{time.monotonic_ns():020d}",
    )
    payload = encode_pass(given)
    return join_pass(payload, KEY.sign(payload))


@pytest.fixture
def site(tmp_path: Path) -> SiteFile:
    return SiteFile.model_validate(site_dict([camera(write_walks(tmp_path / "walks.txt"))]))


@pytest.fixture
def box(site: SiteFile, tmp_path: Path) -> Iterator[SetupServer]:
    tracks, desk = TrajectoryFile(tmp_path / "tracks.db"), PictureDesk()
    now_ms = int(time.time() * 1000)
    places = [(now_ms - 60_000 + step * 500, who, step / 20, 0.3 + who / 10) for who in (1, 2, 3) for step in range(20)]
    tracks.append(places, [(now_ms - 55_000, "door", False)] * 3)
    device = site.devices[0]
    assert isinstance(device, CameraDevice)
    drawing = DeviceDrawing(device, site.store, tmp_path / "drawing.json")
    stop = threading.Event()
    picture = np.full((360, 640, 3), 90, dtype=np.uint8)
    picture[180:] = (150, 160, 170)

    def film() -> None:
        while not stop.wait(0.05):
            desk.offer("device-1", picture)

    filming = threading.Thread(target=film)
    known = iter([[]])  # at the first knock the box was not told the backend's key yet
    door = SetupDoor("store-1", BOX, lambda: next(known, [PUBLIC]))
    with SetupServer({"device-1": SetupCamera(drawing, tracks)}, desk, door, ("127.0.0.1", 0)).running() as running:
        filming.start()
        yield running
        stop.set()
        filming.join()


def carried(site: SiteFile, language: str, theme: str) -> dict[str, Any]:
    device = site.devices[0]
    assert isinstance(device, CameraDevice)
    drawing = drawing_of(site.store, [view_of(device)]).model_dump(mode="json") | {"slots": []}
    layout = site.store.model_dump(mode="json")
    store = {name: layout[name] for name in ("id", "floor", "sections", "time_zone")} | {"name": SHOP}
    return {"drawing": drawing, "held": drawing, "store": store, "word": "w", "language": language, "theme": theme}


def enter(
    context: BrowserContext, box: SetupServer, site: SiteFile, language: str = "en", theme: str = "light"
) -> Page:
    """Come to the page as the backend's page sends one there."""
    url = f"http://127.0.0.1:{box.server_port}"
    page = context.new_page()
    page.goto(f"{url}/")
    pack = "async (value) => (await import('/static/app/setup/carry.js')).packed(value)"
    packed = page.evaluate(pack, carried(site, language, theme))
    page.goto("about:blank")
    page.goto(f"{url}/#pass={a_pass()}&with={packed}")
    expect(page.locator(".sheet svg")).to_have_count(2)
    expect(page.locator(".sheet image")).to_be_attached()
    expect(page.locator(".sheet-track")).to_have_count(3)
    return page


@pytest.mark.parametrize(
    ("width", "language", "theme"), [(390, "zh-CN", "dark"), (820, "en", "dark"), (1440, "en", "light")]
)
def test_it_fits_and_has_no_serious_finding(
    browser: Browser, box: SetupServer, site: SiteFile, axe: Axe, width: int, language: str, theme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True, reduced_motion="reduce")
    page = enter(context, box, site, language, theme)
    page.locator(".items button").first.click()
    page.locator(".matching summary").click()
    expect(page.locator(".matching-tools")).to_be_visible()
    at_rest(page)
    expect_no_wider(page, width)
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]") == [language, theme]
    assert axe(page) == []
    assert page.evaluate("window.ran") is None
    context.close()


def test_a_point_is_dragged_with_a_finger_and_a_line_by_keys(
    browser: Browser, box: SetupServer, site: SiteFile
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, reduced_motion="reduce")
    page = enter(context, box, site)
    page.get_by_role("button", name="+ Line").tap()
    across = page.locator(".panel").get_by_label("First end, Across", exact=True)
    expect(across).to_have_value("40")
    handle = page.locator("[data-point='0']").first
    handle.scroll_into_view_if_needed()
    at_rest(page)
    spot = place_of(handle)
    x, y = spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2
    scrolled = page.evaluate("scrollY")
    fingers = context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x - 12, "y": y - 10}]),
        ("touchMove", [{"x": x - 24, "y": y - 20}]),
        ("touchEnd", []),
    ):
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(across).not_to_have_value("40")
    assert float(across.input_value()) < 40
    assert page.evaluate("scrollY") == scrolled, "the page scrolls where nothing is held alone"
    before = float(across.input_value())
    line = page.get_by_role("button", name="Line Line 2. Arrow keys move it").first
    line.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(across).to_have_value(f"{before + 5:g}")
    page.keyboard.press("Control+z")
    expect(across).to_have_value(f"{before:g}")
    context.close()


def test_whoever_comes_without_a_pass_sees_what_to_do(browser: Browser, box: SetupServer) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{box.server_port}/")
    expect(page.get_by_text("Open this page from Set up, with the camera's button.")).to_be_visible()
    page.close()
