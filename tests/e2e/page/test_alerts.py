"""Alerts: they arrive, are taken, and close with their proof."""

import re
import threading

from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest, expect_address

ACKNOWLEDGE = "POST /api/v1/stores/corner-market/alerts/7/acknowledge"


def row(page: Page, alert_id: int):
    return page.locator(f'[data-alert="{alert_id}"]')


def test_a_new_alert_appears_first_and_is_announced(open_page, backend: FakeBackend) -> None:
    backend.snapshot["alerts"] = [fake_store.stock_alert()]
    page: Page = open_page()
    backend.alert(fake_store.queue_alert())
    expect(page.locator(".alert").first).to_contain_text("Open another lane")
    expect(page.locator("#urgent-announcer")).to_contain_text(
        "New alert. Queue at the tills: 6 waiting. Open another lane."
    )
    expect(page).to_have_title("(2) Corner Market · Storesense")


def test_acknowledging_shows_pending_then_who(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    backend.held[ACKNOWLEDGE] = threading.Event()
    button = row(page, 7).get_by_role("button", name="Acknowledge: Queue at the tills: 6 waiting")
    button.click()
    expect(button).to_have_text("Sending…")
    expect(row(page, 7)).not_to_contain_text("You are on it")
    button.click(force=True)  # an impatient second tap sends nothing
    backend.held[ACKNOWLEDGE].set()
    expect(row(page, 7)).to_contain_text("You are on it since")
    expect(button).to_have_count(0)
    assert backend.requests.count(ACKNOWLEDGE) == 1


def test_what_others_take_shows_their_name(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    backend.alert(
        fake_store.queue_alert(state="acknowledged", acknowledged_by="Jonas", acknowledged_at=fake_store.instant())
    )
    expect(row(page, 7)).to_contain_text("Jonas is on it since")
    expect(page.locator("#announcer")).to_contain_text("Jonas acknowledged: Queue at the tills")


def test_a_refused_acknowledgement_says_why_and_can_be_tried_again(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    backend.refusals[ACKNOWLEDGE] = (503, "database_away")
    row(page, 7).get_by_role("button", name="Acknowledge").click()
    expect(row(page, 7).get_by_role("alert")).to_contain_text("Not acknowledged: Refused for the test")
    row(page, 7).get_by_role("button", name="Acknowledge").click()
    expect(row(page, 7)).to_contain_text("You are on it since")
    expect(row(page, 7).get_by_role("alert")).to_be_empty()


def test_an_acknowledgement_that_comes_too_late_says_so(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    backend.refusals[ACKNOWLEDGE] = (409, "alert_resolved")
    row(page, 7).get_by_role("button", name="Acknowledge").click()
    expect(row(page, 7).get_by_role("alert")).to_contain_text("This one is over already.")


def test_without_a_server_nothing_is_pretended(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    at_rest(page)
    backend.stop()
    row(page, 7).get_by_role("button", name="Acknowledge").click()
    expect(row(page, 7).get_by_role("alert")).to_contain_text("the server does not answer")
    expect(row(page, 7).get_by_role("button", name="Acknowledge")).to_be_visible()


def test_a_resolved_alert_moves_to_done_with_its_proof_and_thanks(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    backend.alert(
        fake_store.queue_alert(
            state="resolved",
            acknowledged_by="Jonas",
            acknowledged_at=fake_store.instant(60),
            resolved_at=fake_store.instant(),
            proof={"length": 1},
        )
    )
    done = page.locator(".done-list")
    expect(done).to_contain_text("The queue is down to 1. Thank you, Jonas.")
    expect(page.locator(".alert-list")).not_to_contain_text("Open another lane")
    expect(page.locator("#announcer")).to_contain_text("The queue is down to 1.")
    # A late word about the same alert takes nothing back.
    backend.send("alert", fake_store.queue_alert())
    backend.alert(
        fake_store.stock_alert(
            state="resolved", resolved_at=fake_store.instant(), proof={"units": 14, "weight_g": 7210.0}
        )
    )
    expect(done).to_contain_text("The shelf holds 14 units again (7.21\u00a0kg).")
    backend.alert(
        fake_store.queue_alert(
            alert_id=99,
            kind="data_lost",
            rule_id="data-lost",
            subject_id="camera-door",
            title="camera-door: 3 messages lost",
            state="resolved",
            resolved_at=fake_store.instant(),
            proof={"lost_messages": 0, "outbox_bytes": 4_096},
        )
    )
    expect(done).to_contain_text("The device loses nothing any more.")


def test_a_shelf_that_was_partly_filled_says_so_and_how_long_it_took(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    proof = {"units": 9, "weight_g": 4635.0, "outcome": "partial", "units_missing": 5, "time_to_shelf_s": 754.0}
    backend.alert(fake_store.stock_alert(state="resolved", resolved_at=fake_store.instant(), proof=proof))
    done = page.locator(".done-list")
    expect(done).to_contain_text("Partly filled: 5 more would fit. 12 min 34 s from low to filled.")


def test_keyboard_alone_acknowledges(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    at_rest(page)
    for _ in range(12):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.getAttribute('aria-label')")
        if name == "Acknowledge: Queue at the tills: 6 waiting":
            break
    else:
        raise AssertionError("the acknowledge button was not reached within 12 tabs")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(row(page, 7)).to_contain_text("You are on it since")


def test_on_plan_selects_the_place_and_the_address_remembers_it(open_page, backend: FakeBackend) -> None:
    page: Page = open_page(width=390)
    row(page, 7).get_by_role("button", name="Show on plan").click()
    expect(page.locator("#detail-title")).to_have_text("Tills")
    expect(page.locator('[data-key="queue:tills"]')).to_be_in_viewport()
    expect_address(page, "item=queue%3Atills")
    page.reload()
    expect(page.locator("#detail-title")).to_have_text("Tills")


def test_an_alert_tells_the_present_beside_its_peak(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    alert = row(page, 7)
    backend.update(
        queues=[{"queue_id": "tills", "length": 2, "longest_wait_s": 12.0, "measured_at": fake_store.instant()}]
    )
    expect(alert.locator(".alert-title")).to_have_text(re.compile(r"6 waiting\s*now 2"))
    backend.update(
        queues=[{"queue_id": "tills", "length": 6, "longest_wait_s": 12.0, "measured_at": fake_store.instant()}]
    )
    expect(alert.locator(".alert-now")).to_have_count(0)


def test_the_last_three_done_are_shown_and_the_others_on_demand(open_page, backend: FakeBackend) -> None:
    backend.snapshot["alerts"] = [
        fake_store.queue_alert(
            alert_id=n, state="resolved", resolved_at=fake_store.instant(600 - n), proof={"length": 0}
        )
        for n in range(1, 6)
    ]
    page: Page = open_page()
    done = page.locator(".done:visible")
    expect(done).to_have_count(3)
    assert [each.get_attribute("data-alert") for each in done.all()] == ["5", "4", "3"]
    page.get_by_text("2 earlier").click()
    expect(page.locator(".done:visible")).to_have_count(5)


def test_without_any_device_online_nothing_to_do_is_not_claimed(open_page, backend: FakeBackend) -> None:
    backend.snapshot["alerts"] = []
    for device in backend.snapshot["devices"]:
        device["state"] = "offline"
    page: Page = open_page()
    expect(page.locator("#alerts")).to_contain_text("none can come")
    expect(page.locator("#alerts")).not_to_contain_text("Nothing to do")
    backend.update(devices=[backend.snapshot["devices"][0] | {"state": "online"}])
    expect(page.locator("#alerts")).to_contain_text("Nothing to do")
