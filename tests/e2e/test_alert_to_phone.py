"""One alert from its reading to its proof, through every service, on a phone and on the page.

A reading reaches the database; the alert engine decides; the delivery worker encrypts a push and posts it to a push
service of ours, which hands the very bytes that it got to the browser; the staff app's service worker shows it; its
owner takes it; it gets worse and stays the same alert; the queue falls, and both screens say so with the proof.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, BrowserContext, Page, expect

from fixtures.backend_world import PASSWORD, QUEUE_RULE, STORE, World
from storesense_backend.database import connected
from storesense_backend.notify import channel_records, web_push
from storesense_backend.notify.vault import Vault
from storesense_backend.roles import Role
from storesense_simulators.embedded.ports import free_port
from storesense_simulators.embedded.process import Child, ChildSpec
from storesense_simulators.health_probe import healthy_at

pytestmark = pytest.mark.e2e

RULE = QUEUE_RULE | {"open_after_s": 0, "resolve_after_s": 0, "critical_at_length": 9, "min_quality": 0}
AUTH = bytes(range(16))
WAIT_MS = 60_000


class Phone:
    """The browser's half of a push subscription, and the push service that it names."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.came: Queue[dict[str, Any]] = Queue()
        phone = self

        class Service(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                phone.came.put(json.loads(web_push.decrypt(body, key=phone.key, auth=AUTH)))
                self.send_response(201)
                self.end_headers()

            def log_message(self, *_given: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def subscription(self) -> dict[str, str]:
        public = web_push.to_base64url(web_push.public_bytes(self.key.public_key()))
        endpoint = f"http://127.0.0.1:{self.server.server_port}/push/ada"
        return {"endpoint": endpoint, "p256dh": public, "auth": web_push.to_base64url(AUTH)}

    def next(self, event: str) -> dict[str, Any]:
        """Wait for the next message; it must be of this event."""
        told = self.came.get(timeout=WAIT_MS / 1000)
        assert told["event"] == event, told
        return told

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Shop:
    """A store in a database, with the three services that an alert goes through as processes."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self._url = url
        self._folder = folder
        self._stack = stack
        self._vault = Vault(folder / "channels.key")
        self._thread = stack.enter_context(ThreadPoolExecutor(1))
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"

    def do(self, work: Callable[[World], Coroutine[Any, Any, Any]]) -> Any:
        """Do something in the database, from beside the browser's loop."""

        async def run() -> Any:
            async with connected(self._url, application_name="test") as connection:
                return await work(World(self._url, connection))

        return self._thread.submit(asyncio.run, run()).result()

    def open(self, phone: Phone) -> None:
        """Register the store, Ada with her phone, and Mia at the desk; start the services."""

        async def register(world: World) -> None:
            await world.register(rules=[RULE])
            await world.add_user("ada", Role.STAFF)
            await world.add_user("mia", Role.MANAGER)
            person = {"name": "Ada", "user_name": "ada", "role": "staff", "language": "en", "sections": ["front"]}
            person |= {"shifts": [], "quiet_hours": [], "hears_all": False, "is_woken_by_critical": False}
            await channel_records.put_person(world.connection, STORE, person | {"is_enabled": True})
            await channel_records.subscribe(
                world.connection,
                STORE,
                "ada",
                subscription=phone.subscription,
                name="Ada's phone",
                vault=self._vault,
                now=datetime.now(UTC),
            )

        self.do(register)
        self._start("backend", {"BACKEND_PORT": str(self.port)}, self.port)
        port = free_port()
        self._start("alerts", {"ALERTS_HTTP_PORT": str(port)}, port)
        port = free_port()
        push = {"NOTIFY_PUSH_HOSTS": "127.0.0.1", "NOTIFY_PUSH_KEY_FILE": str(self._folder / "push.pem")}
        self._start("notify", {"NOTIFY_HTTP_PORT": str(port)} | push, port)

    def _start(self, name: str, settings: dict[str, str], port: int) -> None:
        env = {f"STORESENSE_{key}": value for key, value in settings.items()}
        env |= {"STORESENSE_DATABASE_URL": self._url, "STORESENSE_SECRETS_KEY_FILE": str(self._vault.path)}
        spec = ChildSpec(
            name=name,
            argv=(sys.executable, "-m", "storesense_contracts.cli", name, "run"),
            log_path=self._folder / f"{name}.log",
            env=env,
            drop_env_prefixes=("STORESENSE_", "PG"),
            ready_deadline_s=90.0,
        )
        self._stack.enter_context(Child(spec, ready=healthy_at(port)))

    def queue(self, length: int) -> None:
        """Let the tills' queue be so long now."""
        self.do(lambda world: world.queue(length, datetime.now(UTC), delay_s=0))


def signed_in(browser: Browser, shop: Shop, name: str, **options: Any) -> BrowserContext:
    context = browser.new_context(reduced_motion="reduce", **options)
    answer = context.request.post(
        f"{shop.address}/api/v1/session",
        data={"user_name": name, "password": PASSWORD},
        headers={"Origin": shop.address},
    )
    assert answer.ok, answer.text()
    return context


def deliver(page: Page, shop: Shop, told: dict[str, Any]) -> dict[str, Any]:
    """Hand a message to the app's service worker, as the browser does; return the notification that stands then."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    session = page.context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(each["registrationId"] for each in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    for _ in range(WAIT_MS // 50):
        if found:
            break
        page.wait_for_timeout(50)
    assert found
    session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": shop.address, "registrationId": found[0], "data": json.dumps(told)},
    )
    # Looked at and taken in one step: a browser may put a notification away as soon as it has been seen.
    shown = page.evaluate(
        """async ([title, patienceMs]) => {
            const ours = await navigator.serviceWorker.ready;
            const end = performance.now() + patienceMs;
            for (;;) {
                const all = (await ours.getNotifications()).filter((one) => one.title === title);
                if (all.length || performance.now() > end)
                    return all.map(({ title, body, tag }) => ({ title, body, tag }));
                await new Promise((done) => setTimeout(done, 50));
            }
        }""",
        [told["title"], WAIT_MS],
    )
    session.detach()
    (one,) = shown
    return dict(one)


@pytest.mark.timeout(360)
def test_phone_and_page_follow_one_alert_from_open_to_proof(
    database_url: str, service_dir: Path, tmp_path: Path, browser: Browser
) -> None:
    with ExitStack() as stack:
        phone = Phone()
        stack.callback(phone.stop)
        shop = Shop(database_url, service_dir, stack)
        shop.open(phone)
        pocket = signed_in(
            browser, shop, "ada", viewport={"width": 390, "height": 844}, permissions=["notifications"], has_touch=True
        )
        stack.callback(pocket.close)
        desk = signed_in(browser, shop, "mia", viewport={"width": 1440, "height": 900})
        stack.callback(desk.close)
        app, page = pocket.new_page(), desk.new_page()
        for each, path in ((app, f"/staff#store={STORE}"), (page, f"/#store={STORE}")):
            each.set_default_timeout(WAIT_MS)
            each.goto(shop.address + path)
        expect(app.locator(".staff-top .connection.is-live")).to_be_visible(timeout=WAIT_MS)
        expect(page.locator(".connection")).to_have_text("Live", timeout=WAIT_MS)

        shop.queue(6)
        told = phone.next("opened")
        shown = deliver(app, shop, told)
        assert shown == {
            "title": "the tills: 6 waiting",
            "body": "Open another lane",
            "tag": f"{STORE}:{told['alert_id']}",
        }
        mine = app.locator(f'[data-alert="{told["alert_id"]}"]')
        theirs = page.locator(f'.alert[data-alert="{told["alert_id"]}"]')
        mine.get_by_role("button", name="Take").click()
        app.get_by_role("button", name="Mine").click()
        expect(theirs.locator(".taken")).to_contain_text("ada", timeout=WAIT_MS)

        shop.queue(12)
        worse = phone.next("worsened")
        assert worse["key"] == f"{told['alert_id']}:worsened:2"
        shown = deliver(app, shop, worse)
        assert shown["title"] == "Worse: the tills: 12 waiting", "it takes the place of the first one"
        assert shown["tag"] == f"{STORE}:{told['alert_id']}"
        expect(mine).to_contain_text("12 waiting", timeout=WAIT_MS)
        app.screenshot(path=tmp_path / "phone-in-hand.png")
        page.screenshot(path=tmp_path / "page-in-hand.png")

        shop.queue(1)
        done = phone.next("resolved")
        assert done["title"] == "Done: the tills: 12 waiting"
        expect(mine).to_have_count(0, timeout=WAIT_MS)
        ended = page.locator(f'.done[data-alert="{told["alert_id"]}"]')
        expect(ended).to_contain_text("The queue is down to 1", timeout=WAIT_MS)
        page.screenshot(path=tmp_path / "page-done.png")
        app.screenshot(path=tmp_path / "phone-done.png")

        (row,) = shop.do(lambda world: world.rows("SELECT state, taken_by, severity, proof FROM alerts"))
        assert (row["state"], row["taken_by"], row["severity"]) == ("resolved", "ada", "critical")
        assert row["proof"]["length"] == 1
        assert phone.came.empty(), "nothing was told twice"
