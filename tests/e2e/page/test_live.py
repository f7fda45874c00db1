"""Readings as they come: figures rise, gaps are said to be gaps, and the page survives its server."""

import re

from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest

# Trying again is called offline after ten seconds: which of the two stands depends on how long a test looked away.
AWAY = re.compile("Reconnecting|Offline")


def figure(page: Page, name: str):
    return page.locator(f"[data-figure={name}]")


def place(page: Page, key: str):
    return page.locator(f'[data-key="{key}"]')


def test_key_figures_say_what_the_readings_say(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    door = next(item for item in backend.snapshot["footfall"] if item["line_id"] == "door")
    expect(figure(page, "visitors").locator(".figure-value")).to_have_text(str(door["in_count"]))
    expect(figure(page, "occupancy").locator(".figure-value")).to_have_text(str(door["in_count"] - door["out_count"]))
    expect(figure(page, "queue")).to_contain_text("Tills, first waits 4 min 10 s")
    expect(figure(page, "stock").locator(".figure-value")).to_have_text("2")
    expect(figure(page, "devices")).to_contain_text("Offline: climate-hall")


def test_figures_and_plan_follow_an_update(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    expect(place(page, "queue:tills")).to_have_attribute("aria-label", "Queue Tills: 6 waiting, first waits 4 min 10 s")
    backend.update(
        footfall=[{"line_id": "door", "in_count": 1234, "out_count": 1200, "measured_at": fake_store.instant()}],
        queues=[{"queue_id": "tills", "length": 2, "longest_wait_s": 5.0, "measured_at": fake_store.instant()}],
    )
    expect(figure(page, "visitors").locator(".figure-value")).to_have_text("1,234")
    expect(figure(page, "occupancy").locator(".figure-value")).to_have_text("34")
    expect(place(page, "queue:tills")).to_have_attribute("aria-label", "Queue Tills: 2 waiting, first waits 5 s")
    # What the update did not name stays as it was.
    expect(place(page, "zone:aisles")).to_have_attribute("aria-label", "Zone Aisles: 14 people")


def test_silent_sensors_show_since_when_and_never_zero(open_page, backend: FakeBackend) -> None:
    backend.snapshot["queues"] = [
        {"queue_id": "tills", "length": 0, "longest_wait_s": 0.0, "measured_at": fake_store.instant(1200)}
    ]
    hall = next(item for item in backend.snapshot["environment"] if item["sensor_id"] == "hall")
    door = {"line_id": "door", "in_count": 1234, "out_count": 1200, "measured_at": fake_store.instant(1200)}
    backend.snapshot["footfall"] = [door]
    page: Page = open_page()
    expect(figure(page, "queue").locator(".figure-value")).to_have_text("–")
    expect(figure(page, "queue")).to_contain_text("Tills: no data since")
    expect(place(page, "queue:counter")).to_have_attribute("aria-label", "Queue Service counter: No data yet")
    expect(place(page, "lane:lane-4")).to_have_attribute("aria-label", "Checkout lane Lane 4: No data yet")
    # In the first hour of the store's day it was another day, which is named.
    since = r"(\w+ \d+ \w+, )?" + store_time(page, hall["measured_at"])
    expect(place(page, "sensor:hall")).to_have_attribute(
        "aria-label", re.compile(f"^Climate sensor Sales floor: No data since {since}$")
    )
    # What was counted stands.
    since = r"(\w+ \d+ \w+, )?" + store_time(page, door["measured_at"])
    expect(place(page, "line:door")).to_have_attribute(
        "aria-label", re.compile(f"^Counting line Main door: 1,234 in, 1,200 out. No data since {since}$")
    )
    place(page, "sensor:hall").click()
    expect(page.locator(".detail")).to_contain_text("Is the device online?")


def store_time(page: Page, instant: str) -> str:
    """The store's time of day then, told by another route than the page's own code."""
    return page.evaluate(
        "([at, timeZone]) => new Date(at).toLocaleTimeString('en-GB', {timeZone, hour: '2-digit', minute: '2-digit'})",
        [instant, fake_store.TIME_ZONE],
    )


def test_a_store_without_readings_helps(open_page, backend: FakeBackend) -> None:
    empty = {key: [] for key in ("footfall", "zones", "queues", "lanes", "slots", "environment", "devices")}
    # Lines are named even before anything was counted: zero, and measured at no time.
    empty["footfall"] = [{"line_id": "door", "in_count": 0, "out_count": 0, "measured_at": None}]
    backend.snapshot.update({**empty, "alerts": []})
    backend.stores[fake_store.STORE_ID]["footfall"] = []
    page: Page = open_page()
    for name in ("visitors", "occupancy", "queue", "stock", "devices"):
        expect(figure(page, name).locator(".figure-value")).to_have_text("–")
    expect(figure(page, "visitors")).to_contain_text("Is the entrance camera online?")
    expect(place(page, "line:door")).to_have_attribute("aria-label", "Counting line Main door: No data yet")
    expect(page.get_by_text("Nothing to do")).to_be_visible()
    expect(page.get_by_text("No device is registered").last).to_be_visible()
    expect(page.get_by_text("The chart begins with the first person counted.")).to_be_visible()


def test_an_account_without_stores_is_told_how_to_begin(open_page, backend: FakeBackend) -> None:
    backend.stores.clear()
    backend.sessions.add("prepared")
    page: Page = open_page(signed_in=False)
    page.context.add_cookies([{"name": "storesense_session", "value": "prepared", "url": backend.url}])
    page.reload()
    expect(page.get_by_text("No stores yet")).to_be_visible()
    backend.add_store()
    # The page looks again every five seconds by itself.
    expect(page.get_by_role("heading", name="Store floor")).to_be_visible()


def test_a_server_restart_keeps_everything_in_its_place(open_page, backend: FakeBackend) -> None:
    page: Page = open_page(path="/#item=slot:eggs", width=390)
    page.get_by_role("searchbox", name="Find a product").fill("milk")
    page.locator(".done-box, #shelves").last.scroll_into_view_if_needed()
    at_rest(page)
    page.evaluate("window.marker = 'not reloaded'; window.scrollTo(0, 900)")
    backend.stop()
    banner = page.locator(".stale-banner")
    expect(banner).to_contain_text("You see the store as it was at")
    expect(page.locator(".connection")).to_contain_text(AWAY)
    expect(figure(page, "queue").locator(".figure-value")).to_have_text("6")
    # The sensors are not blamed for the network.
    expect(place(page, "queue:tills")).not_to_have_class("is-stale")
    backend.snapshot["queues"][0] |= {"length": 9, "measured_at": fake_store.instant()}
    backend.start()
    expect(page.locator(".connection")).to_contain_text("Live")
    expect(figure(page, "queue").locator(".figure-value")).to_have_text("9")
    expect(banner).to_have_count(0)
    assert page.evaluate("window.marker") == "not reloaded"
    page.wait_for_function("() => Math.abs(window.scrollY - 900) < 80")
    expect(page.locator("#detail-title")).to_have_text("Eggs, ten")
    expect(page.get_by_role("searchbox", name="Find a product")).to_have_value("milk")


def test_a_long_outage_is_called_offline_and_can_be_retried(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    page.clock.install()
    at_rest(page)
    backend.stop()
    expect(page.locator(".connection")).to_contain_text(AWAY)
    page.clock.fast_forward(60_000)
    expect(page.locator(".connection")).to_contain_text("Offline")
    expect(page.locator(".connection")).to_contain_text("Last update")
    backend.start()
    # It may come back by itself in this very moment, and the button with it go.
    page.evaluate("document.querySelector('.stale-banner button')?.click()")
    expect(page.locator(".connection")).to_contain_text("Live")


def test_a_changed_layout_shows_after_a_reconnect(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    at_rest(page)
    store = backend.stores[fake_store.STORE_ID]
    backend.stop()
    store["layout"]["zones"][2]["name"] = "Wine"
    store["layout_version"] = 2
    backend.start()
    expect(place(page, "zone:promo")).to_have_attribute("aria-label", "Zone Wine: 3 people")


def test_the_clock_is_the_stores_and_says_the_difference(open_page) -> None:
    page: Page = open_page()
    # A minute may end while one looks.
    now, soon = (store_time(page, fake_store.instant(-ahead_s)) for ahead_s in (0, 60))
    expect(page.locator(".clock time")).to_have_text(re.compile(f"^({now}|{soon})$"))
    expect(page.locator(".clock")).to_contain_text("where you are")
    at_home: Page = open_page(timezone_id=fake_store.TIME_ZONE)
    expect(at_home.locator(".clock")).not_to_contain_text("where you are")
