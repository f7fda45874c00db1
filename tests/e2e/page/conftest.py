"""A real browser before a scripted backend."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from fixtures.axe import AXE_PATH, Axe
from fixtures.fake_backend import PASSWORD, USER_NAME, FakeBackend
from fixtures.watched_pages import FIRST_MS, WatchedPages

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
    pages = WatchedPages(browser)

    def open_it(
        *,
        path: str = "/",
        signed_in: bool = True,
        is_live: bool = True,
        language: str | None = None,
        width: int = 1440,
        **options: object,
    ) -> Page:
        if signed_in:
            backend.sessions.add("prepared")
        page = pages.new(
            backend.url,
            session="prepared" if signed_in else None,
            scripts=(f"localStorage.setItem('storesense.language', '{language}')",) if language else (),
            **{"viewport": {"width": width, "height": 844 if width < 800 else 900}, **options},
        )
        page.goto(backend.url + path)
        if signed_in and is_live and "page=chain" not in path:
            expect(page.locator(".connection.is-live")).to_be_attached(timeout=FIRST_MS)
            expect(page.locator("main")).to_be_visible()
            expect(page.locator("main .loading")).to_have_count(0)
        return page

    yield open_it
    pages.close()
    assert pages.faults == []


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
