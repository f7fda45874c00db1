"""A real browser before a scripted backend."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from fixtures.axe import AXE_PATH, Axe
from fixtures.fake_backend import PASSWORD, USER_NAME, FakeBackend
from fixtures.slow_browser import slow_down

# What the browser itself says of refused requests and of a test that looks at pixels; all else is a fault.
EXPECTED_LOGS = ("Failed to load resource", "net::ERR_", "Multiple readback operations")

# A browser that has just begun and a page that it has never seen: on a busy machine both take their time.
FIRST_MS = 60_000

OpenPage = Callable[..., Page]


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    fake = FakeBackend().start()
    yield fake
    fake.stop()


@pytest.fixture
def open_page(browser: Browser, backend: FakeBackend) -> Iterator[OpenPage]:
    """Open the page, signed in unless told otherwise; in the end nothing unexpected may stand on its console.

    What is signed in is handed out when its stream has begun (``is_live=False``: before), so that a test may tell
    news or take the server away at once. All stores' page has no stream.
    """
    faults: list[str] = []
    contexts = []

    def open_it(
        *,
        path: str = "/",
        signed_in: bool = True,
        is_live: bool = True,
        language: str | None = None,
        width: int = 1440,
        **options: object,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width < 800 else 900},
            **{"timezone_id": "Europe/Berlin", "reduced_motion": "reduce", **options},  # type: ignore[arg-type]
        )
        contexts.append(context)
        if signed_in:
            backend.sessions.add("prepared")
            context.add_cookies([{"name": "storesense_session", "value": "prepared", "url": backend.url}])
        if language:
            context.add_init_script(f"localStorage.setItem('storesense.language', '{language}')")
        page = context.new_page()
        slow_down(page)
        page.set_default_timeout(30_000)
        page.set_default_navigation_timeout(FIRST_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text)
                if message.type in {"error", "warning"} and not any(text in message.text for text in EXPECTED_LOGS)
                else None
            ),
        )
        page.goto(backend.url + path)
        if signed_in and is_live and "page=chain" not in path:
            expect(page.locator(".connection.is-live")).to_be_attached(timeout=FIRST_MS)
            expect(page.locator("main")).to_be_visible()
            expect(page.locator("main .loading")).to_have_count(0)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def sign_in() -> Callable[[Page], None]:
    def fill(page: Page, password: str = PASSWORD) -> None:
        page.get_by_label("User name").fill(USER_NAME)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()

    return fill


@pytest.fixture(scope="session")
def axe() -> Axe:
    if not AXE_PATH.is_file():
        pytest.skip("axe-core is not installed: run tests/prepare.py")
    return Axe(AXE_PATH.read_text())
