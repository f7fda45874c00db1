"""The plan, the lists beside it, several stores, and names that mean harm."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest, expect_address, expect_no_wider, place_of

ATTACK = '<img src=x onerror="window.attacked=true"><script>window.attacked=true</script>{{7*7}}'


def expect_painted(page: Page, least: float, most: float) -> None:
    """Between these shares of the heat's canvas get painted."""
    page.wait_for_function(
        """([least, most]) => {
          const canvas = document.querySelector(".plan-heat");
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let painted = 0;
          for (let i = 3; i < data.length; i += 4) painted += data[i] > 8;
          const share = painted / (data.length / 4);
          return share >= least && share <= most;
        }""",
        arg=[least, most],
        polling=100,
    )


def test_heat_is_drawn_and_can_be_switched_off(open_page) -> None:
    page: Page = open_page()
    expect(page.locator(".heat-legend")).to_contain_text("per m²")
    expect_painted(page, 0.1, 0.95)
    page.get_by_text("Heat", exact=True).click()
    expect_painted(page, 0, 0)
    expect_address(page, "heat=0")
    page.get_by_role("switch", name="Heat").press("Space")
    expect(page.locator(".heat-legend")).to_contain_text("per m²")
    expect_painted(page, 0.1, 0.95)


def test_places_open_by_pointer_and_by_keyboard(open_page) -> None:
    page: Page = open_page()
    at_rest(page)
    page.locator('[data-key="slot:eggs"]').click()
    expect(page.locator("#detail-title")).to_have_text("Eggs, ten")
    expect(page.locator(".detail")).to_contain_text("0 of 20")
    page.keyboard.press("ArrowRight")
    expect(page.locator('[data-key="slot:bread"]')).to_be_focused()
    expect(page.locator(".tip")).to_contain_text("Rye bread 750 g")
    page.keyboard.press("Enter")
    expect(page.locator("#detail-title")).to_have_text("Rye bread 750 g")
    page.keyboard.press("Escape")
    expect(page.locator(".detail")).to_have_count(0)


def test_the_plan_is_one_stop_of_the_tab_key(open_page) -> None:
    page: Page = open_page()
    stops = page.locator('.plan-drawing [tabindex="0"]')
    expect(stops).to_have_count(1)
    page.locator('[data-key="slot:tea"]').click()
    expect(page.locator('.plan-drawing [tabindex="0"]')).to_have_attribute("data-key", "slot:tea")


def test_on_a_phone_the_plan_can_be_enlarged_and_moves_to_what_is_shown(open_page) -> None:
    page: Page = open_page(width=390, has_touch=True)
    at_rest(page)
    small = place_of(page.locator(".plan-sheet"))["width"]
    assert small <= 390
    page.get_by_role("button", name="Enlarge the plan").click()
    sheet_is = "([least, most]) => [document.querySelector('.plan-sheet').getBoundingClientRect().width].every("
    sheet_is += "(width) => width >= least && width <= most)"
    page.wait_for_function(sheet_is, arg=[2 * small, 10 * small])
    expect_no_wider(page, 390)
    page.locator(".alert").first.get_by_role("button", name="Show on plan").click()
    page.wait_for_function("() => document.querySelector('.plan-scroller').scrollLeft > 100")
    expect(page.locator('[data-key="queue:tills"]')).to_be_in_viewport()
    page.get_by_role("button", name="Show the whole floor").click()
    page.wait_for_function(sheet_is, arg=[small - 0.5, small + 0.5])


def test_hovering_tells_what_it_is(open_page) -> None:
    page: Page = open_page()
    at_rest(page)  # what comes late would push the plan away from under the pointer
    page.locator('[data-key="lane:lane-2"]').hover()
    expect(page.locator(".tip")).to_contain_text("Lane 2")
    expect(page.locator(".tip")).to_contain_text("Open, nobody there")


def test_stations_that_serve_themselves_want_no_cashier(open_page, backend: FakeBackend) -> None:
    layout = backend.stores[fake_store.STORE_ID]["layout"]
    next(lane for lane in layout["lanes"] if lane["id"] == "lane-2")["kind"] = "self_checkout"
    page: Page = open_page()
    lane = page.get_by_role("button", name="Lane 2")
    expect(lane).to_have_attribute("aria-label", re.compile("Open$"))
    expect(lane.locator(".lane-box")).to_have_class("lane-box lane-open")


def test_a_zone_for_staff_only_is_not_among_the_places_of_customers(open_page, backend: FakeBackend) -> None:
    zones = backend.stores[fake_store.STORE_ID]["layout"]["zones"]
    zones[0]["staff_only"] = True
    zones.append({"id": "back", "name": "Back office", "staff_only": True, "floor_m": None})
    page: Page = open_page()
    expect(page.locator('[data-key="zone:aisles"]')).to_have_count(1)
    expect(page.locator('[data-key="zone:fresh"]')).to_have_count(0)
    expect(page.get_by_text("Back office")).to_have_count(0)


def test_of_devices_that_would_hide_the_plan_only_those_that_are_not_online_are_drawn(
    open_page, backend: FakeBackend
) -> None:
    door = {"measures": [{"stream": "footfall", "subject_id": "door"}], "last_seen_at": fake_store.instant()}
    cameras = [{"device_id": f"camera-{n}", "kind": "camera", "state": "online"} for n in range(25)]
    cameras[7]["state"] = "offline"
    backend.snapshot["devices"] = cameras
    page: Page = open_page()
    told = [camera | door | {"software": None, "health": [], "commands": []} for camera in cameras]
    page.route("**/corner-market/devices", lambda route: route.fulfill(json={"devices": told}))
    page.reload()
    expect(page.locator(".place.device")).to_have_count(1)
    expect(page.locator('[data-key="device:camera-7"]')).to_have_count(1)
    backend.snapshot["devices"] = cameras[:24]
    page.route("**/corner-market/devices", lambda route: route.fulfill(json={"devices": told[:24]}))
    page.reload()
    expect(page.locator(".place.device")).to_have_count(24)


@pytest.mark.parametrize(("in_side", "up"), [("left", True), ("right", False)])
def test_the_arrow_points_to_the_side_that_is_in(open_page, backend: FakeBackend, in_side: str, up: bool) -> None:
    # The door's line runs from left to right; its left, looking along it, is up on the plan.
    backend.stores[fake_store.STORE_ID]["layout"]["lines"][0]["in_side"] = in_side
    page: Page = open_page()
    arrow = page.locator('[data-key="line:door"] .line-arrow line')
    expect(arrow).to_have_count(1)
    y1, y2 = (float(arrow.get_attribute(name) or "nan") for name in ("y1", "y2"))
    assert (y2 < y1) is up


def test_a_line_whose_way_in_is_unknown_has_no_arrow(open_page, backend: FakeBackend) -> None:
    del backend.stores[fake_store.STORE_ID]["layout"]["lines"][0]["in_side"]
    page: Page = open_page()
    expect(page.locator('[data-key="line:door"] .line-stroke')).to_have_count(1)
    expect(page.locator('[data-key="line:door"] .line-arrow')).to_have_count(0)


def test_a_slot_whose_weight_does_not_tell_looks_open_not_full(open_page, backend: FakeBackend) -> None:
    backend.snapshot["slots"][0] |= {"units": None, "confidence": None}
    page: Page = open_page()
    mark = page.locator('[data-key="slot:oat-milk"]')
    expect(mark.locator("text")).to_have_text("?")
    surface = page.locator(".card").first.evaluate("card => getComputedStyle(card).backgroundColor")
    expect(mark.locator(".slot-box")).to_have_css("fill", surface)
    expect(page.locator("#shelves")).to_contain_text("Cannot tell")


def test_the_shelf_list_shows_what_needs_stock_and_finds_the_rest(open_page) -> None:
    page: Page = open_page()
    shelves = page.locator("#shelves")
    expect(shelves.locator(".shelf-row")).to_have_count(3)
    expect(shelves.locator(".shelf-row").first).to_contain_text("Bring 20")
    shelves.get_by_role("button", name="Show all 16").click()
    expect(shelves.locator(".shelf-row")).to_have_count(16)
    shelves.get_by_role("searchbox").fill("COFFEE")
    expect(shelves.locator(".shelf-row")).to_have_count(1)
    shelves.get_by_role("searchbox").fill("unobtainium")
    expect(shelves).to_contain_text("Nothing matches “unobtainium”.")


def test_the_chart_draws_the_day_and_says_its_gap(open_page) -> None:
    page: Page = open_page()
    expect(page.locator(".chart canvas")).to_be_visible()
    points = fake_store.footfall_points()
    expect(page.locator(".chart")).to_have_attribute(
        "aria-label", re.compile(rf"^{sum(p['in_count'] for p in points)} in and ")
    )
    expect(page.locator("#footfall .legend")).to_contain_text("no data")
    page.locator(".chart").focus()
    page.keyboard.press("Home")
    expect(page.locator(".readout")).to_contain_text(f"{points[0]['in_count']} in")
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".readout")).to_contain_text("no data")


def test_a_young_day_is_drawn_by_the_minute_and_follows_the_count(open_page, backend: FakeBackend) -> None:
    at = fake_store.instant(300)
    points = [{"line_id": "door", "at": at, "in_count": 7, "out_count": 2}]
    backend.stores[fake_store.STORE_ID] |= {"footfall": points, "footfall_1m": points}
    page: Page = open_page()
    chart = page.locator("#footfall")
    expect(chart).to_contain_text("per minute")
    expect(page.locator(".chart")).to_have_attribute("aria-label", re.compile("^7 in and 2 out so far"))
    page.clock.install()
    points[0]["in_count"] = 9
    backend.update(footfall=[{"line_id": "door", "in_count": 9, "out_count": 2, "measured_at": fake_store.instant()}])
    expect(page.locator("[data-figure=visitors] .figure-value")).to_have_text("9")
    page.clock.fast_forward(11_000)
    expect(page.locator(".chart")).to_have_attribute("aria-label", re.compile("^9 in and 2 out so far"))


def test_names_are_never_markup(open_page, backend: FakeBackend) -> None:
    layout = fake_store.layout(fake_store.STORE_ID, ATTACK)
    for family in ("sections", "lines", "zones", "lanes", "queues", "slots", "environment_sensors"):
        for item in layout[family]:
            item["name"] = ATTACK
    for slot in layout["slots"]:
        slot["product"] = {**slot["product"], "name": ATTACK}
    backend.add_store(layout=layout)
    backend.add_store("second", ATTACK)
    backend.snapshot["alerts"] = [
        fake_store.queue_alert(title=ATTACK, action=ATTACK, severity=ATTACK),
        fake_store.stock_alert(title=ATTACK, state="acknowledged", acknowledged_by=ATTACK),
        fake_store.stock_alert(
            alert_id=1,
            title=ATTACK,
            state="resolved",
            acknowledged_by=ATTACK,
            resolved_at=fake_store.instant(),
        ),
    ]
    backend.snapshot["devices"].append({"device_id": ATTACK, "kind": ATTACK, "state": "offline", "last_seen_at": None})
    page: Page = open_page(path=f"/#store={fake_store.STORE_ID}&item=queue:tills")
    expect(page.locator("#detail-title")).to_have_text(ATTACK)
    expect(page.locator(".alert h3").first).to_have_text(ATTACK)
    for key in ("zone:aisles", "slot:eggs", "line:door", "lane:lane-1"):
        page.locator(f'[data-key="{key}"]').hover(force=True)
    expect(page.locator("#devices")).to_contain_text(ATTACK)
    expect(page.locator("img, #app script")).to_have_count(0)
    assert page.evaluate("window.attacked") is None
    expect_no_wider(page, 1440)


def test_a_store_picker_appears_with_the_second_store(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    expect(page.get_by_role("combobox", name="Store")).to_have_count(0)
    backend.add_store("harbour", "Harbour Kiosk")
    quiet = backend.stores["harbour"]["snapshot"]
    quiet["alerts"] = []
    page.reload()
    picker = page.get_by_role("combobox", name="Store")
    expect(picker).to_have_value(fake_store.STORE_ID)  # the one with alerts comes first
    picker.select_option("harbour")
    expect(page.get_by_text("Nothing to do")).to_be_visible()
    expect(page).to_have_title("Harbour Kiosk · Storesense")
    expect_address(page, "store=harbour")
    page.go_back()
    expect(page.locator(".alert").first).to_contain_text("Open another lane")


def test_a_link_to_a_store_that_is_gone_says_so(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    page.goto(backend.url + "/#store=closed-down")
    expect(page.get_by_text("This store is not here")).to_be_visible()


HUNDREDS = 400


def big_layout() -> dict[str, Any]:
    layout = fake_store.layout()
    pattern = layout["slots"][0]
    layout["slots"] = [{**pattern, "id": f"slot-{n}", "at_m": [1 + (n % 28), 1 + n // 28]} for n in range(HUNDREDS)]
    return layout


def test_hundreds_of_silent_slots_stay_usable(open_page, backend: FakeBackend) -> None:
    backend.add_store(layout=big_layout())
    backend.snapshot["slots"] = []
    page: Page = open_page()
    expect(page.locator("#shelves")).to_contain_text(f"100 of {HUNDREDS} shown")
    backend.update(
        slots=[
            {
                "slot_id": "slot-399",
                "weight_g": 0.0,
                "units": 0,
                "confidence": 1.0,
                "is_stable": True,
                "measured_at": fake_store.instant(),
            }
        ]
    )
    expect(page.locator("#shelves .shelf-row").first).to_contain_text("Empty")


def test_of_many_devices_those_that_are_offline_and_some_others_are_shown_until_all_are_asked_for(
    open_page, backend: FakeBackend
) -> None:
    at = fake_store.instant()
    backend.snapshot["devices"] = [
        {
            "device_id": f"camera-{n:02}",
            "kind": "camera",
            "state": "offline" if n >= 17 else "online",
            "last_seen_at": at,
        }
        for n in range(20)
    ]
    page: Page = open_page()
    names = page.locator("#devices .row-name")
    expect(names).to_have_count(12)
    assert names.all_inner_texts()[:4] == ["camera-17", "camera-18", "camera-19", "camera-00"]
    page.get_by_role("button", name="Show all 20 devices").click()
    expect(names).to_have_count(20)
    page.get_by_role("button", name="Show fewer devices").click()
    expect(names).to_have_count(12)
