"""Every width, both themes: nothing overflows, nothing is out of reach, and axe finds nothing serious."""

import pytest
from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.axe import Axe
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest, expect_no_wider, place_of

WIDTHS = [320, 390, 820, 1440]
LONG_NAME = "Zentralmarkt für Lebensmittel und Haushaltswaren 中央市场超长名称测试🥬🥕 " + "A" * 60


AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing_on_the_store(open_page, backend: FakeBackend, axe: Axe, width: int, scheme: str) -> None:
    backend.snapshot["alerts"] += [
        fake_store.stock_alert(
            alert_id=2, state="acknowledged", acknowledged_by="Jonas", acknowledged_at=fake_store.instant(60)
        ),
        fake_store.queue_alert(alert_id=1, state="resolved", resolved_at=fake_store.instant(60), proof={"length": 1}),
    ]
    page: Page = open_page(width=width, color_scheme=scheme, path="/#item=slot:eggs", bypass_csp=True)
    at_rest(page)
    assert axe(page, AXE_TAGS) == []


@pytest.mark.parametrize("path", ["/", "/#mode=wall"])
def test_axe_finds_nothing_on_a_store_that_fell_silent(open_page, backend: FakeBackend, axe: Axe, path: str) -> None:
    for family in ("footfall", "zones", "queues", "lanes", "slots", "environment"):
        for reading in backend.snapshot[family]:
            reading["measured_at"] = fake_store.instant(1200)
    page: Page = open_page(path=path, bypass_csp=True)
    at_rest(page)
    assert axe(page, AXE_TAGS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_sign_in_and_when_cut_off(
    open_page, backend: FakeBackend, axe: Axe, scheme: str, sign_in
) -> None:
    page: Page = open_page(signed_in=False, color_scheme=scheme, bypass_csp=True)
    sign_in(page, "guess")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    assert axe(page, AXE_TAGS) == []
    sign_in(page)
    expect(page.locator(".connection.is-live")).to_be_visible()
    at_rest(page)
    backend.stop()
    expect(page.locator(".stale-banner")).to_be_visible()
    assert axe(page, AXE_TAGS) == []


@pytest.mark.parametrize("width", [390, 1440])
def test_the_names_of_all_pages_stand_whole(open_page, width: int) -> None:
    page: Page = open_page(width=width)
    at_rest(page)
    names = page.locator(".pages a span")
    expect(names.last).to_have_text("Set up")
    cut = names.evaluate_all("(spans) => spans.filter((x) => x.scrollWidth > x.clientWidth).map((x) => x.textContent)")
    assert cut == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(open_page, backend: FakeBackend, width: int) -> None:
    page: Page = open_page(width=width, path="/#item=queue:tills")
    expect(page.locator("#detail-title")).to_be_visible()
    expect_no_wider(page, width)
    at_rest(page)
    backend.stop()
    expect(page.locator(".stale-banner")).to_be_visible()
    expect_no_wider(page, width)


@pytest.mark.parametrize("width", [320, 1440])
def test_long_names_in_any_script_fit(open_page, backend: FakeBackend, width: int) -> None:
    layout = fake_store.layout(fake_store.STORE_ID, LONG_NAME)
    for family in ("sections", "lines", "zones", "lanes", "queues", "slots"):
        for item in layout[family]:
            item["name"] = LONG_NAME
    backend.add_store(layout=layout)
    backend.snapshot["alerts"] = [fake_store.queue_alert(title=LONG_NAME, action=LONG_NAME)]
    page: Page = open_page(width=width, path="/#item=queue:tills")
    expect(page.locator("#detail-title")).to_have_text(LONG_NAME.strip())
    expect_no_wider(page, width)
    backend.add_store("second", LONG_NAME)
    page.reload()
    expect(page.get_by_role("combobox", name="Store")).to_be_visible()
    expect_no_wider(page, width)


def test_on_a_phone_alerts_come_first_and_can_be_hit(open_page) -> None:
    page: Page = open_page(width=390, has_touch=True)
    at_rest(page)
    tops = {
        name: place_of(page.locator(selector))["y"]
        for name, selector in {
            "alerts": "#alerts",
            "figures": ".figures",
            "floor": "#floor",
            "queues": "#queues",
        }.items()
    }
    assert sorted(tops, key=lambda name: tops[name]) == ["alerts", "figures", "floor", "queues"]
    button = place_of(page.get_by_role("button", name="Acknowledge: Queue at the tills"))
    assert button["height"] >= 44
    assert button["y"] + button["height"] < 844, "the first action is on the first screen"


def test_at_a_desk_plan_and_alerts_stand_side_by_side(open_page) -> None:
    page: Page = open_page()
    at_rest(page)
    floor, alerts = place_of(page.locator("#floor")), place_of(page.locator("#alerts"))
    assert floor["x"] + floor["width"] < alerts["x"]
    assert abs(floor["y"] - alerts["y"]) < 2


def test_turning_the_screen_keeps_the_selection(open_page) -> None:
    page: Page = open_page(path="/#item=slot:eggs")
    page.set_viewport_size({"width": 700, "height": 1000})
    expect(page.locator("#detail-title")).to_have_text("Eggs, ten")
    expect(page.locator(".plan-drawing .place").first).to_be_visible()
    expect_no_wider(page, 700)


def test_the_first_view_is_light(open_page) -> None:
    """Script and style of the first view, compressed, as the product promises them."""
    page: Page = open_page()
    expect(page.locator(".chart canvas")).to_be_visible()
    loaded_bytes = page.evaluate(
        """async () => {
          let total = 0;
          const entries = performance.getEntriesByType("resource").filter(e => /\\.(m?js|css)$/.test(e.name));
          for (const {name} of entries) {
            const stream = (await fetch(name)).body.pipeThrough(new CompressionStream("gzip"));
            total += (await new Response(stream).arrayBuffer()).byteLength;
          }
          return total;
        }"""
    )
    assert 20_000 < loaded_bytes < 150_000


def test_canvases_ask_for_the_colours_of_the_look_that_is_on(open_page) -> None:
    page: Page = open_page(color_scheme="light")
    ask = """async () => {
      const main = document.querySelector("script[type=module]").src;
      const { token } = await import(main.replace(/main\\.js$/, "theme.js"));
      return [token("--bg"), token("--bg"), getComputedStyle(document.documentElement).getPropertyValue("--bg").trim()];
    }"""
    light = page.evaluate(ask)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ask)
    page.emulate_media(color_scheme="light")
    assert len(set(light)) == len(set(dark)) == 1
    assert light != dark
    assert page.evaluate(ask) == light
