"""The chart alone: what a pointer or a key reads stands while numbers come, the size changes or it is drawn anew."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest

# A chart of ten steps of a minute, alone on a page; `draw` shows it, again with other properties.
MOUNT = """async () => {
  const { html, render } = await import("/static/app/ui.js");
  const { Chart } = await import("/static/app/parts/chart.js");
  const host = document.createElement("main");
  host.style.width = "700px";
  document.body.replaceChildren(host);
  const xs = Array.from({ length: 10 }, (_, i) => 1_764_000_000 + i * 60);
  window.draw = ({ from = 0, add = 0, colour = "--series-in" }) => {
    const values = xs.map((_, i) => i * 10 + add).slice(from);
    const series = [{ label: "in", kind: "bars", colour, values }];
    const props = { title: "t", label: "summary", stepS: 60, zone: "UTC", xs: xs.slice(from), series };
    render(html`<${Chart} ...${props} />`, host);
  };
  window.draw({});
}"""


@pytest.fixture
def chart(browser: Browser, backend: FakeBackend) -> Any:
    page = browser.new_page(viewport={"width": 1000, "height": 600})
    page.goto(backend.url)
    expect(page.get_by_label("User name")).to_be_visible()
    page.evaluate(MOUNT)
    expect(page.locator(".chart canvas")).to_be_visible()
    at_rest(page)
    yield page
    page.close()


def draw(page: Page, **properties: Any) -> None:
    page.evaluate("properties => window.draw(properties)", properties)


def readout(page: Page) -> Locator:
    return page.locator(".readout")


def point_at(page: Page, step: float) -> None:
    over = page.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    over.hover(position={"x": box["width"] * step / 10, "y": box["height"] / 2})


def test_a_still_pointer_goes_on_reading_a_chart_that_is_drawn_anew(chart: Page) -> None:
    point_at(chart, 4.5)
    expect(readout(chart)).to_contain_text("in 40")
    chart.evaluate("document.querySelector('.chart canvas').id = 'old'")
    draw(chart, colour="--series-out")
    expect(chart.locator("#old")).to_have_count(0)
    expect(chart.locator(".chart canvas")).to_be_visible()
    # Nothing moves, and what is read now is read in all the frames that follow.
    seen = chart.evaluate(
        """async () => {
          const seen = new Set();
          for (let i = 0; i < 10; i += 1) {
            await new Promise(requestAnimationFrame);
            seen.add(document.querySelector(".readout").textContent.includes("in 40"));
          }
          return [...seen];
        }"""
    )
    assert seen == [True]


@pytest.mark.parametrize(
    ("hours", "length_days", "texts"),
    [
        ([0, 6, 12], 1, ["01:00", "07:00", "13:00"]),
        ([-1, 11, 23, 35], 7, ["16 Nov", "12:00", "17 Nov", "12:00"]),
        ([-1, 23, 71], 30, ["16 Nov", "17 Nov", "19 Nov"]),
    ],
    ids=["a day: times", "a week: each day once, and its noon", "a month: days"],
)
def test_no_day_stands_twice_on_the_axis(chart: Page, hours: list[float], length_days: int, texts: list[str]) -> None:
    found = chart.evaluate(
        """async ([hours, lengthS]) => {
          const { tickText } = await import("/static/app/parts/chart.js");
          return hours.map((h) => tickText(Date.UTC(2026, 10, 16) / 1000 + h * 3600, lengthS, "Europe/Berlin"));
        }""",
        [hours, length_days * 86_400],
    )
    assert found == texts


def test_new_numbers_are_read_where_the_pointer_is(chart: Page) -> None:
    point_at(chart, 4.5)
    expect(readout(chart)).to_contain_text("in 40")
    draw(chart, add=3)
    expect(readout(chart)).to_contain_text("in 43")
    chart.evaluate("document.querySelector('.chart').parentElement.parentElement.style.width = '400px'")
    expect(readout(chart)).to_contain_text("in 83")


def test_what_a_key_has_chosen_stands_though_steps_go_and_the_pointer_rests_elsewhere(chart: Page) -> None:
    point_at(chart, 4.5)
    expect(readout(chart)).to_contain_text("in 40")
    chart.locator(".chart").focus()
    chart.keyboard.press("End")
    expect(readout(chart)).to_contain_text("in 90")
    draw(chart, add=1)
    expect(readout(chart)).to_contain_text("in 91")
    draw(chart, add=1, **{"from": 3})
    expect(readout(chart)).to_contain_text("in 91")
    chart.keyboard.press("Home")
    expect(readout(chart)).to_contain_text("in 31")
    point_at(chart, 9.5)
    expect(readout(chart)).to_contain_text("in 91")
    chart.mouse.move(990, 590)
    expect(readout(chart)).to_have_text("summary")
