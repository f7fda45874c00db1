"""Every page and dialog: axe finds nothing in either theme, nothing is wider than the screen, all can be saved."""

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from fixtures import fake_pages, fake_store
from fixtures.axe import Axe
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest

STORE = f"store={fake_store.STORE_ID}"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (390, 820, 1440)

# Views that an address alone shows, besides each page as it opens.
VIEWS = [
    f"{STORE}&item=slot:eggs",
    f"{STORE}&period=week&vs=before",
    f"{STORE}&at=2026-11-20T19:10Z",
    f"{STORE}&mode=wall",
    f"{STORE}&page=alerts&alert=7",
    f"{STORE}&page=alerts&tab=history",
    f"{STORE}&page=alerts&tab=rules",
    f"{STORE}&page=alerts&tab=rules&rule=queues",
    f"{STORE}&page=alerts&tab=report",
    f"{STORE}&page=nowhere",
]
# What a button opens: the page, and the buttons to press one after the other.
DIALOGS = [
    ("page=chain", ["Set targets"]),
    (f"{STORE}&page=alerts", ["More", "Dismiss"]),
    (f"{STORE}", ["Look and language"]),
]


@pytest.fixture
def everything(backend: FakeBackend) -> FakeBackend:
    backend.role = "manager"
    backend.add_store("berlin", "Berlin Mitte")
    backend.chain = [
        fake_pages.chain_store(fake_store.STORE_ID, "Corner Market", fake_store.TIME_ZONE, reasons=fake_pages.NEEDY),
        fake_pages.chain_store("berlin", "Berlin Mitte", "Europe/Berlin", reasons=[]),
    ]
    backend.alerts.history = [
        fake_store.queue_alert(alert_id=1, state="resolved", resolved_at=fake_store.instant(60), proof={"length": 1})
    ]
    return backend


@pytest.fixture
def signed_in(open_page, everything: FakeBackend):
    def open_it(**options: Any) -> Page:
        page: Page = open_page(signed_in=False, bypass_csp=True, **options)
        everything.sessions.add("prepared")
        page.context.add_cookies([{"name": "storesense_session", "value": "prepared", "url": everything.url}])
        return page

    return open_it


def show(page: Page, backend: FakeBackend, view: str) -> None:
    # Measured just now, however long the views before took: what is minutes old is told as a gap.
    for store in backend.stores.values():
        store["snapshot"] |= {name: part for name, part in fake_store.snapshot().items() if name != "alerts"}
    # An address that differs after "#" alone would not load the page anew.
    page.goto(f"{backend.url}/?{uuid.uuid4().hex}#{view}")
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("main .loading")).to_have_count(0)
    if not view.startswith("page="):
        expect(page.locator(".connection.is-live")).to_be_attached()
    at_rest(page)


def pages_of(page: Page) -> list[str]:
    found: dict[str, bool] = page.evaluate(
        """async () => {
          const {PAGES} = await import("/static/app/pages/index.js");
          return Object.fromEntries(Object.entries(PAGES).map(([name, {needsStore}]) => [name, needsStore]));
        }"""
    )
    return [f"{STORE}&page={name}" if needs_store else f"page={name}" for name, needs_store in found.items()]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_axe_finds_nothing_on_any_page(signed_in, everything, axe: Axe, width: int, scheme: str) -> None:
    page: Page = signed_in(width=width, color_scheme=scheme)
    found = []
    for view in [*pages_of(page), *VIEWS]:
        show(page, everything, view)
        found += axe(page, RULES)
    for view, buttons in DIALOGS:
        show(page, everything, view)
        for name in buttons:
            page.get_by_role("button", name=name).first.click()
        at_rest(page)
        found += axe(page, RULES)
    page.goto(f"{everything.url}/staff#alert=7")
    expect(page.locator('[data-alert="7"]')).to_be_visible()
    found += axe(page, RULES)
    page.get_by_role("button", name="Report").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found += axe(page, RULES)
    assert found == []


def fits(page: Page, width: int) -> bool:
    """Whether nothing is wider than the screen, when what follows its size (charts, the plan) has done so."""
    page.set_viewport_size({"width": width, "height": 900})
    try:
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
    except PlaywrightTimeoutError:
        return False
    return True


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_page_is_wider_than_the_screen(signed_in, everything, language: str) -> None:
    page: Page = signed_in()
    page.add_init_script(f"localStorage.setItem('storesense.language', '{language}')")
    wide = []
    views = [*pages_of(page), *VIEWS]
    for view in views:
        show(page, everything, view)
        wide += [(view, width) for width in WIDTHS if not fits(page, width)]
    page.goto(f"{everything.url}/staff")
    expect(page.get_by_role("navigation")).to_be_visible()
    wide += [("staff", width) for width in WIDTHS if not fits(page, width)]
    assert wide == []


def test_every_chart_and_table_can_be_saved(signed_in, everything) -> None:
    page: Page = signed_in()
    without = []
    for view in pages_of(page):
        show(page, everything, view)
        for chart in page.locator(".chart").all():
            foot = chart.locator("xpath=..").get_by_role("button", name=re.compile("save as (CSV|PNG)"))
            if foot.count() != 2:
                without.append((view, chart.get_attribute("aria-label")))
        bare = page.locator("main table:not(.table-box table)")
        without += [(view, text) for text in bare.all_inner_texts()]
    assert without == []


def test_every_page_survives_a_restart_of_the_server(signed_in, everything) -> None:
    page: Page = signed_in()
    views = pages_of(page)
    for view in views:
        show(page, everything, view)
        page.evaluate("window.marker = 'not reloaded'")
        everything.stop()
        if not view.startswith("page="):
            expect(page.locator(".stale-banner")).to_be_visible()
        everything.start()
        expect(page.locator(".stale-banner")).to_have_count(0)
        expect(page.locator("main .card, main .chain-store").first).to_be_visible()
        assert page.evaluate("window.marker") == "not reloaded", view


def test_alerts_speak_the_language_of_the_page(signed_in, everything) -> None:
    page: Page = signed_in()
    page.add_init_script("localStorage.setItem('storesense.language', 'zh-CN')")
    show(page, everything, STORE)
    alert = page.locator('.alert[data-alert="7"]')
    expect(alert.get_by_role("heading")).to_have_text("再开一个收银台")
    everything.alert(fake_store.queue_alert(severity="warning"))
    expect(alert).to_have_class(re.compile("severity-warning"))
    expect(alert.get_by_role("heading")).to_have_text("再开一个收银台")
    for view in (f"{STORE}&page=alerts", f"{STORE}&mode=wall"):
        show(page, everything, view)
        expect(page.locator("main")).to_contain_text("再开一个收银台")
        expect(page.locator("main")).not_to_contain_text("Open another lane")
