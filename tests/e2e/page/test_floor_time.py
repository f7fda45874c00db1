"""The floor of other times: heat of any period and the difference of two, a day replayed, and the wall screen."""

import csv
import io
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from fixtures import fake_day, fake_store
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest, eventually, expect_address, place_of

ZONE = ZoneInfo(fake_store.TIME_ZONE)
WRITE_DOWN = """() => {
  window.shown = [];
  const wall = document.querySelector(".wall-screen");
  new MutationObserver(() => shown.push({
    idle: wall.classList.contains("is-idle"),
    panels: [...wall.querySelectorAll("[data-panel]")].map((each) => each.dataset.panel).join(),
  })).observe(wall, {attributes: true, childList: true, subtree: true});
}"""
FLOOR = f"#store={fake_store.STORE_ID}"


def past_day() -> date:
    """Yesterday at the store; or an earlier day, where its clock was changed on that one or on the day before it."""
    day = datetime.now(ZONE).date() - timedelta(days=1)
    while len({datetime.combine(day + timedelta(days=n), time(), ZONE).utcoffset() for n in (-1, 0, 1)}) > 1:
        day -= timedelta(days=1)
    return day


def past(minute: int) -> str:
    """A minute of that day, as the address says it."""
    start = datetime.combine(past_day(), time(), ZONE)
    return (start.astimezone(UTC) + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%MZ")


def open_at(open_page, backend: FakeBackend, rest: str, **options: Any) -> Page:
    page: Page = open_page(path=f"/{FLOOR}{rest}", **options)
    return page


def colour_at(page: Page, x_m: float, y_m: float) -> dict[str, float]:
    """What the heat's canvas shows at a place of the floor."""
    found: dict[str, float] = page.evaluate(
        """([x, y]) => {
          const canvas = document.querySelector(".plan-heat");
          const area = document.querySelector(".floor-area").getBBox();
          const ratio = canvas.width / canvas.clientWidth;
          const at = [(area.x + (x / 30) * area.width) * ratio, (area.y + (y / 20) * area.height) * ratio];
          const [red, green, blue, alpha] = canvas.getContext("2d").getImageData(...at.map(Math.round), 1, 1).data;
          return {red, green, blue, alpha};
        }""",
        [x_m, y_m],
    )
    return found


def test_two_periods_are_compared_on_a_scale_that_is_the_same_on_both_sides(open_page, backend: FakeBackend) -> None:
    page = open_at(open_page, backend, "")
    page.get_by_label("Period").select_option("week")
    page.get_by_label("Compare with").select_option("before")
    legend = page.locator(".heat-legend.is-change")
    expect(legend).to_contain_text("compared with")
    less, more = legend.locator(".heat-scale > span:not(.change-ramp)").all_inner_texts()
    assert less.removesuffix(" less") == more.removesuffix(" more")

    def is_drawn() -> bool:
        tills, fresh, corner = colour_at(page, 25, 11.5), colour_at(page, 8.5, 3.4), colour_at(page, 0.7, 19)
        return tills["red"] > tills["blue"] > 0 and fresh["blue"] > fresh["red"] and corner["alpha"] == 0

    eventually(page, is_drawn, "more is red, less is blue, and what nobody watched has no colour")
    expect_address(page, "period=week", "vs=before")
    page.get_by_role("button", name="The other").click()
    expect(page.locator(".heat-legend")).to_contain_text("Both periods are drawn on this one scale.")
    page.reload()
    expect(page.get_by_role("button", name="The other")).to_have_attribute("aria-pressed", "true")


def test_the_heat_is_saved_as_its_cells_and_the_plan_as_a_picture(open_page, backend: FakeBackend) -> None:
    page = open_at(open_page, backend, "&period=week&vs=before")
    expect(page.locator(".heat-legend.is-change")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Heat: save as CSV").click()
    head, *rows = csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig")))
    assert len(rows) == 60 * 40
    corner = rows[39 * 60]
    assert corner[head.index("watched (s)")] == "0"
    assert corner[head.index("difference (s per m² in an hour)")] == "", "not watched is no zero"
    with page.expect_download() as picture:
        page.get_by_role("button", name="Corner Market: save as PNG").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_period_that_cannot_be_loaded_says_so_and_the_plan_stays(open_page, backend: FakeBackend) -> None:
    page = open_at(open_page, backend, "")
    expect(page.get_by_label("Period")).to_be_visible()
    at_rest(page)  # the heat that the page begins with has come: it is not the one that is refused
    path = f"GET /api/v1/stores/{fake_store.STORE_ID}/heatmap"
    backend.standing_refusals[path] = (503, "too_slow")
    page.get_by_label("Period").select_option("month")
    expect(page.locator(".heat-legend")).to_have_text("Heat could not be loaded")
    expect(page.locator('[data-key="queue:tills"]')).to_be_visible()


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        # Twice the presence in twice the watched time is no difference.
        ("difference", ([[4000.0], [7200.0]], [[2000.0], [3600.0]]), 0.0),
        ("difference", ([[4000.0], [3600.0]], [[2000.0], [3600.0]]), 2000.0),
        ("difference", ([[4000.0], [0.0]], [[2000.0], [3600.0]]), None),
    ],
    ids=["longer", "more", "not watched"],
)
def test_changes_are_by_watched_hours(open_page, function: str, arguments: Any, expected: float | None) -> None:
    page: Page = open_page()
    grids = [
        {"columns": 1, "rows": 1, "cell_size_m": 1.0, "presence_s": presence, "watched_s": watched}
        for presence, watched in arguments
    ]
    found = page.evaluate("async (grids) => (await import('/static/app/floor/rates.js')).difference(...grids)", grids)
    assert found["changes"] == [expected]


def test_a_link_shows_the_moment_and_the_slider_moves_it(open_page, backend: FakeBackend) -> None:
    start, end = fake_day.ALERT_MIN
    began = past(start)
    page = open_at(open_page, backend, f"&at={past(start + 5)}")
    expect(page.locator(".moment-time")).to_have_text("08:05")
    expect(page.locator('[data-key="queue:tills"]')).to_have_attribute(
        "aria-label", "Queue Tills: 7 waiting, first waits 24 s"
    )
    expect(page.locator("#alerts .past-alerts").first).to_contain_text("Queue at the tills")
    expect(page.locator(".moment")).to_contain_text("where you are")
    slider = page.get_by_role("slider", name="Time of day")
    slider.focus()
    for key, shown in (
        ("ArrowRight", "08:06"),
        ("Shift+ArrowRight", "08:21"),
        ("PageDown", "07:21"),
        ("Home", "00:00"),
    ):
        page.keyboard.press(key)
        expect(slider).to_have_attribute("aria-valuetext", shown)
    expect(page.get_by_text("No alert stood at this moment.")).to_be_visible()
    page.get_by_text("1 alert that day").click()
    page.get_by_role("button", name="Go to the beginning: ").click()
    expect(page.locator(".moment-time")).to_have_text("08:00")
    page.wait_for_function("at => location.hash.includes(encodeURIComponent(at))", arg=began)
    page.reload()
    expect(page.locator(".moment-time")).to_have_text("08:00")
    page.get_by_role("button", name="Back to now").click()
    expect(page.get_by_role("heading", name="Store floor", exact=True)).to_be_visible()
    eventually(page, lambda: "at=" not in page.url, "the address forgets the moment")
    assert end > start


def test_a_day_says_its_gaps_and_shows_them_as_gaps(open_page, backend: FakeBackend) -> None:
    page = open_at(open_page, backend, f"&at={past(fake_day.GAP_MIN.start + 30)}")
    expect(page.locator(".gaps")).to_have_text("Gaps: 09:00–11:00 nothing measured")
    expect(page.locator('[data-key="queue:tills"]')).to_have_attribute("aria-label", "Queue Tills: No data since 08:59")
    expect(page.locator("[data-figure=queue] .figure-value")).to_have_text("–")
    expect(page.locator("[data-figure=quality] .figure-value")).to_have_text("0 %")


def test_a_day_plays_and_ends_at_its_end(open_page, backend: FakeBackend) -> None:
    day_before = past_day() - timedelta(days=1)
    page = open_at(open_page, backend, f"&at={past(1400)}")
    page.get_by_label("Speed").select_option("60")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "23:59")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_role("button", name="The day before").click()
    expect(page.locator(".moment-day")).to_contain_text(f"{day_before:%A}")


@pytest.mark.parametrize("at", ["soon", "2999-01-01T00:00Z"])
def test_a_moment_that_is_none_is_the_present(open_page, backend: FakeBackend, at: str) -> None:
    today = f"{datetime.now(ZONE):%A}"
    page = open_at(open_page, backend, f"&at={at}")
    # A day may end while one looks.
    expect(page.locator(".moment-day")).to_contain_text(re.compile(f"{today}|{datetime.now(ZONE):%A}"))


def test_the_queues_say_how_many_lanes_to_have(open_page, backend: FakeBackend) -> None:
    page = open_at(open_page, backend, "")
    advice = page.get_by_role("group", name="Lanes advice")
    expect(advice).to_contain_text("Open 1 more lane now")
    expect(advice).to_contain_text("2 open, 3 needed")
    expect(advice).to_contain_text("Expected wait 2 min 48 s, with it 48 s")
    expect(advice).to_contain_text("3 needed in 30 min")


def test_the_wall_screen_is_read_from_afar_and_nothing_else_is_on_it(open_page, backend: FakeBackend) -> None:
    page = open_at(open_page, backend, "&mode=wall")
    figures = page.locator(".wall-screen [data-figure]")
    expect(figures.first).to_contain_text("In store")
    expect(page.locator("[data-figure=lanes]")).to_contain_text("2→3")
    expect(page.locator(".wall-task").first).to_contain_text("Open another lane")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.locator(".pages")).to_be_hidden()
    at_rest(page)
    shares = page.evaluate(
        """() => [...document.querySelectorAll(".wall-screen :is(dt, h1, .wall-value, .wall-note, .wall-action)")]
          .map((each) => parseFloat(getComputedStyle(each).fontSize) / innerHeight)"""
    )
    assert min(shares) >= 0.04
    page.wait_for_function("() => document.querySelector('.wall-screen').scrollHeight <= innerHeight")
    backend.update(
        queues=[{"queue_id": "tills", "length": 9, "longest_wait_s": 5.0, "measured_at": fake_store.instant()}]
    )
    expect(page.locator("[data-figure=queue] .wall-value")).to_have_text("9")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Store floor")).to_be_visible()
    expect(page.locator(".top")).to_be_visible()


def test_the_wall_screen_hides_the_pointer_turns_only_when_told_and_keeps_awake(
    open_page, backend: FakeBackend
) -> None:
    page = open_at(open_page, backend, "")
    page.add_init_script(
        """window.locks = 0;
        const request = async () => {
          window.locks += 1;
          return {release: async () => {}};
        };
        Object.defineProperty(navigator, "wakeLock", {value: {request}});"""
    )
    page.reload()
    expect(page.get_by_role("heading", name="Store floor")).to_be_visible()
    page.clock.install()
    page.goto(f"{backend.url}/?again{FLOOR}&mode=wall")
    wall = page.locator(".wall-screen")
    expect(page.locator("[data-panel]")).to_have_count(3)
    page.clock.fast_forward(120_000)
    expect(wall).to_have_class("wall-screen is-idle")
    expect(wall).to_have_css("cursor", "none")
    expect(page.locator("[data-panel]")).to_have_count(3)
    # It hides the pointer again after seconds, and turns on: the page writes down what it showed.
    page.evaluate(WRITE_DOWN)
    page.mouse.move(300, 300)
    page.wait_for_function("() => shown.some(({idle}) => !idle)")
    page.get_by_label("Turn pages").select_option("15")
    page.wait_for_function("() => shown.some(({panels}) => panels === 'figures')")
    page.clock.fast_forward(15_000)
    page.wait_for_function("() => shown.some(({panels}) => panels === 'tasks')")
    expect_address(page, "turn=15")
    page.wait_for_function("() => window.locks >= 1")


def test_the_wall_screen_recovers_by_itself(open_page, backend: FakeBackend) -> None:
    page = open_at(open_page, backend, "&mode=wall")
    expect(page.locator("[data-figure=queue] .wall-value")).to_have_text("6")
    at_rest(page)
    backend.stop()
    expect(page.locator(".wall-lost")).to_contain_text("As it was at")
    expect(page.locator("[data-figure=queue] .wall-value")).to_have_text("6")
    backend.snapshot["queues"][0] |= {"length": 3, "measured_at": fake_store.instant()}
    backend.start()
    expect(page.locator("[data-figure=queue] .wall-value")).to_have_text("3")
    expect(page.locator(".wall-lost")).to_have_count(0)


def test_devices_stand_where_they_measure_and_say_whether_they_are_there(open_page, backend: FakeBackend) -> None:
    page = open_at(open_page, backend, "")
    climate = page.locator('[data-key="device:climate-hall"]')
    expect(climate).to_have_attribute(
        "aria-label", re.compile("^Climate climate-hall: Offline, last seen " + last_seen(backend, "climate-hall"))
    )
    expect(page.locator('[data-key="device:camera-tills"]')).to_have_attribute(
        "aria-label", "Camera camera-tills: Online"
    )
    at_rest(page)
    door, line = (place_of(page.locator(f'[data-key="{key}"]')) for key in ("device:camera-door", "line:door"))
    assert abs(door["x"] - line["x"] - line["width"]) < 60
    climate.click()
    expect(page.locator("main.devices-page")).to_be_visible()


def last_seen(backend: FakeBackend, device_id: str) -> str:
    """When the snapshot says that a device was last seen, by the store's clock; another day than today's is named."""
    (at,) = (each["last_seen_at"] for each in backend.snapshot["devices"] if each["device_id"] == device_id)
    return r"(\w+ \d+ \w+, )?" + datetime.fromisoformat(at).astimezone(ZONE).strftime("%H:%M$")


def test_a_day_that_could_not_be_loaded_comes_by_itself(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    backend.standing_refusals[f"GET /api/v1/stores/{fake_store.STORE_ID}/day"] = (503, "database_unavailable")
    page.clock.install()
    page.goto(f"{backend.url}/{FLOOR}&at={past(485)}")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    backend.standing_refusals.clear()
    page.clock.fast_forward(5_000)
    expect(page.locator(".moment-time")).to_have_text("08:05")
