"""Somebody draws a line in a browser, over a camera of the twin at detection depth, and sees it count.

Everything is real but the detector: broker, gateway, database, backend, edge agent with its setup page, Chromium.
"""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from fixtures.backend_world import PASSWORD, cheap_passwords, new_world, no_vault
from fixtures.page_states import eventually
from fixtures.shop import Shop as Services
from fixtures.small_site import write_credentials
from fixtures.stand_in_gateway import FAST
from fixtures.watched_pages import WatchedPages
from storesense_backend import registry
from storesense_backend.api.app import build_app
from storesense_backend.listening import Server, address_of, listen_on
from storesense_backend.roles import Role
from storesense_backend.service import build_backend
from storesense_backend.settings import BackendSettings
from storesense_contracts.clock import SystemClock
from storesense_contracts.drawing import views_of
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.site import CameraDevice, SiteFile, load_site
from storesense_edge.agent import SiteAgent
from storesense_edge.composition import build_agent
from storesense_edge.credentials import load_credentials
from storesense_edge.settings import EdgeSettings
from storesense_gateway.drawings import DrawingTeller
from storesense_simulators.embedded.broker import EmbeddedBroker
from storesense_simulators.embedded.ports import free_port
from storesense_simulators.twin.detection_depth import CameraEye, detection_frames
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.eye_flaws import DetectionFlaws
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.mot_writer import MotWriter
from storesense_simulators.twin.shop_of_site import enlivened

CAMERA, SEED, FRAMES_PER_S, LASTS_S, SPEED = "camera-door", 3, 10.0, 90, 6.0


def seen_by_the_twin(folder: Path) -> SiteFile:
    """A site with the twin's door camera alone, as what its detector reported; its lines are not measured yet."""
    shop = enlivened(load_shop("convenience"))
    mount = next(each for each in shop.cameras if each.device_id == CAMERA)
    eye = CameraEye(mount, shop, seed=SEED, flaws=DetectionFlaws(), frames_per_s=FRAMES_PER_S)
    twin = Twin(shop, seed=SEED, began_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
    with (folder / "det.txt").open("w") as detections, (folder / "gt.txt").open("w") as truth:
        writer = MotWriter(detections, truth, frame_wh=mount.frame_size_px)
        steps = detection_frames(twin, [eye], until_ms=LASTS_S * 1000, frames_per_s=FRAMES_PER_S, doors=shop.doors)
        for number, step in enumerate(steps, start=1):
            for frame in step.frames:
                writer.write(number, frame)
    camera = next(each for each in shop.site.devices if isinstance(each, CameraDevice) and each.id == CAMERA)
    assert camera.homography is not None
    site = {
        "version": 1,
        "store": shop.layout.model_dump(mode="json") | {"id": "store-1"},
        "devices": [
            {
                "kind": "camera",
                "id": "device-1",
                "homography": camera.homography.model_dump(mode="json"),
                "source": {
                    "kind": "detections",
                    "path": "det.txt",
                    "frames_per_s": FRAMES_PER_S,
                    "frame_size_px": list(mount.frame_size_px),
                    "speed": SPEED,
                    "loop": True,
                },
            }
        ],
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(site))
    return load_site(folder / "site.yaml")


class Running:
    """All services, in a thread of their own."""

    def __init__(self, services: Services, site: SiteFile, agent: SiteAgent) -> None:
        self._services, self._site, self._agent = services, site, agent
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.url = ""
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="services")

    def start(self) -> None:
        """Start, and wait until the pages are served."""
        self.thread.start()
        assert self._ready.wait(60)

    def stop(self) -> None:
        """Stop everything in order."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self.thread.join(60)
        assert not self.thread.is_alive()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        database_url = self._services.database_url
        async with new_world(database_url) as world:
            devices, views = [("device-1", "camera")], views_of(self._site)
            await registry.put_store(world.connection, self._site.store, devices=devices, cameras=views, rules=[])
            await world.add_user("mia", Role.MANAGER)
        listener = listen_on("127.0.0.1", 0, setting="STORESENSE_BACKEND_PORT")
        self.url = address_of(listener)
        settings, clock = BackendSettings(live_poll_s=0.05), SystemClock()
        async with build_backend(
            settings, conninfo=database_url, clock=clock, vault=no_vault(), passwords=cheap_passwords()
        ) as context:
            server = Server(build_app(context), before_end=context.feed.close)
            with ExitStack() as stack:
                gateway = stack.enter_context(self._services.gateway())
                stack.enter_context(DrawingTeller(database_url, gateway.link, store_ids=["store-1"]).running())
                tasks = [
                    asyncio.create_task(server.serve(sockets=[listener])),
                    asyncio.create_task(self._agent.run(self._stop)),
                ]
                self._ready.set()
                await self._stop.wait()
                server.should_exit = True
                await asyncio.gather(*tasks)


@pytest.fixture
def running(database_url: str, mqtt_broker: EmbeddedBroker, tmp_path: Path) -> Iterator[Running]:
    services = Services(mqtt_broker, database_url, tmp_path)
    site = seen_by_the_twin(tmp_path)
    agent = build_agent(
        site,
        EdgeSettings(link=FAST, health_s=1.0, report_s=0.1, setup_port=free_port()),
        broker=BrokerSettings(host=mqtt_broker.host, port=mqtt_broker.port),
        passwords=load_credentials(write_credentials(tmp_path, mqtt_broker, "store-1/device-1")),
        state_dir=tmp_path / "state",
        clock=SystemClock(),
    )
    running = Running(services, site, agent)
    running.start()
    yield running
    running.stop()


def test_a_line_is_drawn_over_the_twins_camera_and_counts(browser: Browser, running: Running) -> None:
    pages = WatchedPages(browser)
    page = pages.new(running.url)
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    try:
        draw_and_count(page, running)
        assert pages.faults == []
    finally:
        expect.set_options(timeout=30_000)  # as everywhere
        pages.close()


def draw_and_count(page: Page, running: Running) -> None:
    page.goto(f"{running.url}/#store=store-1&page=setup")
    page.get_by_label("User name").fill("mia")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#cameras")).to_contain_text("version")
    # To the edge box, which shows tracks; there is no picture at detection depth.
    page.get_by_role("button", name="Draw in the picture").click()
    expect(page.get_by_role("heading", name="Camera device-1")).to_be_visible()
    assert not page.url.startswith(running.url)
    eventually(page, lambda: "#" not in page.url, "the address forgets the pass")
    expect(page.locator(".sheet-track").first).to_be_attached()
    page.get_by_role("button", name="+ Line").click()
    panel = page.locator(".panel")
    panel.get_by_label("Name", exact=True).fill("Into the shop")
    for label, value in (("First end, Across", "0"), ("First end, Down", "50"), ("Second end, Across", "100")):
        panel.get_by_label(label, exact=True).fill(value)
    row = page.locator("#trying tr", has_text="Into the shop")
    expect(row).to_contain_text("–")  # nothing was counted at it so far
    expect(row.locator("td").first).not_to_have_text("0")
    # Back to the backend's page, and saved there.
    page.get_by_role("button", name="Take over and go back").click()
    expect(page.get_by_text("Taken over from the camera's page.")).to_be_visible()
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Cameras take it up within seconds.")).to_be_visible()
    # The camera says that it works by it, and the line counts on the floor page.
    page.reload()
    held = page.locator("#drawing .card-aside")
    expect(held).to_have_text(re.compile(r"version \d+", re.IGNORECASE))
    expect(page.locator("#cameras tbody tr")).to_contain_text(held.inner_text())
    page.goto(f"{running.url}/#store=store-1&item=line:line-2")
    expect(page.locator("#detail-title")).to_contain_text("Into the shop")
    expect(page.locator(".detail dd").first).to_have_text(re.compile("[1-9]"))
    expect(page.get_by_role("button", name=re.compile("Into the shop"))).to_be_visible()
