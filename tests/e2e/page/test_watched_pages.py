"""What counts as a fault of a page, and what does not."""

import pytest
from playwright.sync_api import Browser

from fixtures.fake_backend import FakeBackend
from fixtures.page_states import eventually
from fixtures.watched_pages import WatchedPages


@pytest.mark.parametrize(
    ("what", "part"),
    [
        pytest.param("console.warn('left out')", "left out", id="a script warns"),
        pytest.param("console.error(new Error('broken'))", "broken", id="a script says an error"),
        pytest.param("setTimeout(() => { throw new TypeError('undefined') })", "undefined", id="nobody catches it"),
        pytest.param("fetch('https://elsewhere.test/').catch(() => null)", "Security Policy", id="forbidden"),
    ],
)
def test_it_is_a_fault(browser: Browser, backend: FakeBackend, what: str, part: str) -> None:
    pages = WatchedPages(browser)
    page = pages.new(backend.url)
    page.goto(backend.url)
    page.evaluate(what)
    eventually(page, lambda: any(part in fault for fault in pages.faults), "the fault is noted")
    pages.close()


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("fetch('/nowhere')", id="an answer of 404"),
        pytest.param("import('/static/app/nowhere.js').catch((error) => console.warn(error))", id="a part away"),
        pytest.param("console.info('kept')", id="information"),
    ],
)
def test_it_is_none(browser: Browser, backend: FakeBackend, what: str) -> None:
    pages = WatchedPages(browser)
    page = pages.new(backend.url)
    page.goto(backend.url)
    page.evaluate(what)
    page.evaluate("console.warn('the last word')")
    eventually(page, lambda: bool(pages.faults), "the last word is noted")
    assert pages.faults == ["the last word"]
    pages.close()
