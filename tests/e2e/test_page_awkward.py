"""The pages over one demo: no network, awkward stores, a wrong clock, very many alerts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from fixtures.demo_run import DemoRun
from fixtures.page_states import eventually, expect_no_wider
from fixtures.watched_pages import FIRST_MS, WatchedPages

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ATTACK = '<script>window.attacked=true</script><img src=x onerror="window.attacked=true">'
LONG_NAME = ("中央市场🥬超长名称" * 15)[:120]
MANY_ALERTS = 50_000


@dataclass
class World:
    """A running demo and ways to reach it."""

    run: DemoRun
    url: str
    user_name: str
    password: str
    api: httpx.Client

    def put_store(self, store_id: str, devices: list[dict[str, str]], **layout: Any) -> None:
        whole = {"id": store_id, "time_zone": "Pacific/Auckland", "floor": {"size_m": [12, 8]}} | layout
        whole = {"sections": [{"id": "front", "name": "Front"}]} | whole
        body = {"layout": whole, "devices": devices, "rules": []}
        answer = self.api.put(f"api/v1/stores/{store_id}", json=body)
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def world(session_service_dir: Path) -> Iterator[World]:
    """One demo for all tests here; they leave each other's stores alone."""
    run = DemoRun("--port", "0", "--history", "0", "--data-dir", str(session_service_dir / "awkward"))
    try:
        told = run.wait_for(r"is open at (\S+)\nSign in as (\S+) with (\S+)", 240)
        with httpx.Client(base_url=told[1], timeout=30, headers={"Origin": told[1].rstrip("/")}) as api:
            signed_in = api.post("api/v1/session", json={"user_name": told[2], "password": told[3]})
            assert signed_in.status_code == 200, signed_in.text
            yield World(run, told[1], told[2], told[3], api)
    finally:
        run.close()


@pytest.fixture
def open_page(world: World, browser: Browser) -> Iterator[Any]:
    pages = WatchedPages(browser)

    def open_it(address: str, *, width: int = 1440, script: str = "", **options: Any) -> Page:
        token = world.api.cookies["storesense_session"]
        size = {"width": width, "height": 900}
        page = pages.new(world.url, session=token, scripts=(script,), viewport=size, **options)
        page.goto(world.url + address)
        return page

    yield open_it
    pages.close()
    assert pages.faults == []


def test_what_is_reported_without_a_network_is_sent_once_when_it_is_back(world: World, open_page) -> None:
    alerts = "api/v1/stores/corner-shop/alerts"

    def reported() -> list[dict[str, Any]]:
        found = world.api.get(alerts, params={"limit": 500}).json()["alerts"]
        return [alert for alert in found if alert["kind"] == "staff_report"]

    # What an earlier try reported is over: while it stands, the same report opens no other.
    before = reported()
    for alert in before:
        if alert["state"] != "resolved":
            world.api.post(f"{alerts}/{alert['alert_id']}/resolve").raise_for_status()
    page = open_page("staff#store=corner-shop", width=390)
    expect(page.locator(".connection.is-live")).to_be_visible()
    page.get_by_role("button", name="Report").click()
    page.context.set_offline(True)
    page.get_by_role("button", name="Spill").click()
    expect(page.locator("[data-waiting]")).to_have_text("1 to send")
    page.context.set_offline(False)
    expect(page.locator("[data-waiting]")).to_have_count(0)
    page.reload()
    expect(page.locator(".connection.is-live")).to_be_visible()
    expect(page.locator("[data-waiting]")).to_have_count(0)
    assert len(reported()) == len(before) + 1


def test_a_store_in_auckland_seen_from_berlin_across_both_changes_of_the_clock(world: World, open_page) -> None:
    world.put_store("auckland", [{"device_id": "door", "kind": "camera"}], name="Auckland Quay")
    # 27 September 2026: the hour from two to three does not exist in Auckland; Berlin is ten hours behind, then eleven.
    page = open_page("#store=auckland&at=2026-09-26T13:59Z")
    slider = page.get_by_role("slider", name="Time of day")
    expect(slider).to_have_attribute("max", str(23 * 60 - 1))
    expect(slider).to_have_attribute("aria-valuetext", "01:59")
    expect(page.locator(".moment-day")).to_contain_text("Sunday 27 September · Sat 26 Sept, 15:59 where you are")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "03:00")
    expect(page.locator(".moment-day")).to_contain_text("16:00 where you are")
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "23:59")
    expect(page.locator(".gaps")).to_have_text("No sensor is set up that could measure.")
    # 5 April: the hour from two to three comes twice.
    page = open_page("#store=auckland&at=2026-04-04T13:59Z")
    expect(page.get_by_role("slider")).to_have_attribute("max", str(25 * 60 - 1))
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "02:59")
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "02:00")


def test_a_store_without_devices_and_one_whose_device_never_spoke_say_what_to_do(world: World, open_page) -> None:
    world.put_store("bare", [], name="Bare")
    world.put_store(
        "silent",
        [{"device_id": "door", "kind": "camera"}],
        name="Silent",
        lines=[{"id": "door", "name": "Door", "is_entrance": True, "floor_m": [[2, 7], [4, 7]], "in_side": "left"}],
    )
    page = open_page("#store=bare")
    expect(page.get_by_text("No device is registered").last).to_be_visible()
    expect(page.locator("[data-figure=visitors] .figure-value")).to_have_text("–")
    for name, said in (
        ("alerts", "Nothing to do"),
        ("shelves", "No shelf is set up"),
        ("devices", "No devices yet"),
    ):
        page.goto(f"{world.url}#store=bare&page={name}")
        expect(page.locator(f"main.{name}-page")).to_contain_text(said)
    page.goto(f"{world.url}#store=silent")
    expect(page.locator("#devices")).to_contain_text("never seen")
    expect(page.locator('[data-key="line:door"]')).to_have_attribute("aria-label", "Counting line Door: No data yet")


def test_names_that_mean_harm_or_are_endless_are_shown_and_do_nothing(world: World, open_page) -> None:
    zone = [[1, 1], [5, 1], [5, 4], [1, 4]]
    for store_id, name in (("harm", ATTACK), ("long", LONG_NAME)):
        world.put_store(
            store_id,
            [{"device_id": "door", "kind": "camera"}],
            name=name,
            sections=[{"id": "front", "name": name}],
            zones=[{"id": "z", "name": name, "floor_m": zone}],
            queues=[{"id": "q", "name": name, "section": "front", "floor_m": zone}],
        )
    refused = world.api.put("api/v1/stores/harm", json={"layout": {"id": "harm", "name": "名" * 300}, "devices": []})
    assert refused.status_code == 422
    for width in (390, 1440):
        page = open_page("#store=harm&item=zone:z", width=width)
        expect(page.locator("#detail-title")).to_have_text(ATTACK)
        page.goto(f"{world.url}#store=long&item=queue:q")
        expect(page.locator("#detail-title")).to_have_text(LONG_NAME)
        expect_no_wider(page, width)
        page.goto(f"{world.url}#page=chain")
        expect(page.locator(".chain-store").first).to_be_visible()
        expect_no_wider(page, width)
        assert page.evaluate("window.attacked") is None


def test_a_clock_in_the_wrong_year_does_no_harm(world: World, open_page) -> None:
    wrong = "const was = Date.now; Date.now = () => was() + 5 * 365 * 86_400_000;"
    right, page = (open_page("#store=corner-shop", script=script) for script in ("", wrong))
    for each in (right, page):
        expect(each.locator(".connection.is-live").first).to_be_visible(timeout=FIRST_MS)
    dates = [each.locator(".clock-date").first for each in (right, page)]
    eventually(page, lambda: len({each.inner_text() for each in dates}) == 1, "both name the same day")


def test_very_many_alerts_leave_the_pages_usable(world: World, open_page) -> None:
    world.put_store("busy", [{"device_id": "door", "kind": "camera"}], name="Busy")
    database_url = world.run.service("backend run").environ()["STORESENSE_DATABASE_URL"]
    # Reported by staff: the engine, which runs beside, ends an alert whose rule is gone, and lets these stand.
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM alerts WHERE store_id = 'busy'")  # of an earlier try
        connection.execute(
            """
            INSERT INTO alerts (
                store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at, details,
                resolved_at
            )
            SELECT 'busy', 'staff-report', 'staff_report', 'spill/front#' || n, 'front', 'warning',
                CASE WHEN n < 900 THEN 'open' ELSE 'resolved' END,
                now() - n * interval '1 minute', now() - n * interval '1 minute',
                '{"what": "spill", "subject_name": "the tills"}',
                CASE WHEN n >= 900 THEN now() - n * interval '1 minute' + interval '30 seconds' END
            FROM generate_series(1, %s) AS n
            """,
            (MANY_ALERTS,),
        )
    page = open_page("#store=busy")
    expect(page.locator(".alert").first).to_be_visible()
    expect(page.locator("#alerts")).to_contain_text("more, older ones")
    assert page.locator(".alert").count() <= 50
    page.goto(f"{world.url}#store=busy&page=alerts")
    expect(page.locator("#inbox [data-alert]").first).to_be_visible()
    page.goto(f"{world.url}#store=busy&page=alerts&tab=history")
    expect(page.locator("#history tbody tr")).to_have_count(50)
