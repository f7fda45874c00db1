"""The pages of a large store: what needs attention is in sight, all else is a lid, a word or a step away."""

import re
import threading
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import expect_address, expect_no_wider, place_of

Json = dict[str, Any]

SECTIONS = {"dry": "Dry goods", "fresh": "Fresh", "front": "Checkout"}
PLACES_EACH = 30
SHELVES = 30


def large_layout() -> Json:
    """A store with ninety slots, thirty a section."""
    layout = fake_store.layout(fake_store.STORE_ID, "Corner Market")
    first = layout["slots"][0]
    layout["slots"] += [
        first
        | {
            "id": f"{section}-{number}",
            "name": f"{name} {number}",
            "section": section,
            "product": first["product"] | {"sku": f"{section}-sku-{number}", "name": f"Crème {section} {number}"},
        }
        for section, name in SECTIONS.items()
        for number in range(1, PLACES_EACH + 1)
    ]
    return layout


@pytest.fixture
def large(backend: FakeBackend) -> FakeBackend:
    layout = large_layout()
    snapshot = fake_store.snapshot()
    full = snapshot["slots"][0] | {"units": layout["slots"][0]["capacity_units"]}
    known = {each["slot_id"] for each in snapshot["slots"]}
    snapshot["slots"] += [full | {"slot_id": slot["id"]} for slot in layout["slots"] if slot["id"] not in known]
    (silent,) = (each for each in snapshot["slots"] if each["slot_id"] == "fresh-7")
    snapshot["slots"].remove(silent)
    snapshot["devices"] += [
        {
            "device_id": f"shelf-{number}",
            "kind": "shelf",
            "state": "offline" if number == SHELVES - 3 else "online",
            "last_seen_at": fake_store.instant(5),
        }
        for number in range(1, SHELVES + 1)
    ]
    backend.add_store(layout=layout)
    backend.stores[fake_store.STORE_ID]["snapshot"] = snapshot
    return backend


def open_at(open_page: Any, what: str, **options: Any) -> Page:
    page: Page = open_page(path=f"/#store={fake_store.STORE_ID}&{what}", **options)
    expect(page.locator("main .card").first).to_be_visible()
    return page


def test_a_section_shows_what_needs_attention_and_its_lid_opens_the_rest(open_page, large) -> None:
    page = open_at(open_page, "page=shelves")
    fresh = page.locator("[data-section=fresh]")
    expect(fresh.locator(".fold-aside")).to_have_text("30 places · 1 without weight")
    expect(fresh.locator(".place")).to_have_count(1)
    expect(fresh.locator(".place")).to_contain_text("no weight lately")
    lid = fresh.get_by_role("button", name=re.compile("^Fresh"))
    expect(lid).to_have_attribute("aria-expanded", "false")
    lid.press("Enter")
    expect(lid).to_have_attribute("aria-expanded", "true")
    expect(fresh.locator(".place")).to_have_count(PLACES_EACH)
    expect_address(page, "open=fresh")
    # The address shows the same to somebody else.
    page.reload()
    expect(fresh.locator(".place")).to_have_count(PLACES_EACH)
    expect(page.locator("[data-section=front] .place")).to_have_count(0)


def test_a_place_is_found_by_its_product_whatever_its_accents_and_the_address_keeps_the_words(open_page, large) -> None:
    page = open_at(open_page, "page=shelves")
    # Looking through what is there waits for no answer of the server's, and what is typed stays while weights come.
    held = large.held[f"GET /api/v1/stores/{fake_store.STORE_ID}/depletion"] = threading.Event()
    page.get_by_label("Find a product or place").press_sequentially("creme FRESH 12")
    expect(page.locator("#planogram .place")).to_have_count(1)
    expect(page.locator("#planogram .place")).to_contain_text("Crème fresh 12")
    expect_address(page, "find=creme")
    slot = next(each for each in large.snapshot["slots"] if each["slot_id"] == "fresh-12")
    large.update(slots=[slot | {"units": 0, "weight_g": 0.0}])
    expect(page.locator("#planogram .place")).to_contain_text("empty now")
    expect(page.get_by_label("Find a product or place")).to_have_value("creme FRESH 12")
    page.get_by_label("Find a product or place").fill("nowhere")
    expect(page.locator("#planogram")).to_contain_text("No product or place is called so.")
    held.set()


def test_devices_that_need_attention_come_first_and_can_be_shown_alone(open_page, large) -> None:
    page = open_at(open_page, "page=devices")
    rows = page.locator("#device-list tbody tr")
    expect(rows).to_have_count(20)
    expect(rows.nth(0)).to_have_attribute("data-row", "climate-hall")
    expect(rows.nth(1)).to_have_attribute("data-row", "shelf-27")
    expect(rows.nth(2)).to_have_attribute("data-row", "camera-tills")
    page.get_by_role("combobox", name="Show", exact=True).select_option(label="Needing attention (5)")
    expect(rows).to_have_count(5)
    expect_address(page, "show=attention")
    page.reload()
    expect(rows).to_have_count(5)
    page.get_by_role("combobox", name="Show", exact=True).select_option("camera")
    expect(rows).to_have_count(2)
    # What a device measures finds it too.
    page.get_by_role("combobox", name="Show", exact=True).select_option("")
    page.get_by_label("Find a device, slot or product").fill("eggs")
    expect(rows).to_have_count(1)
    expect(rows).to_have_attribute("data-row", "shelf-dry")


def test_complete_days_and_parts_that_are_well_are_under_lids(open_page, large) -> None:
    page = open_at(open_page, "page=devices")
    days = page.locator("#completeness [data-device]")
    expect(days).to_have_count(1)
    expect(days).to_have_attribute("data-device", "camera-tills")
    page.get_by_role("button", name="33 devices are complete").click()
    expect(days).to_have_count(34)
    parts = page.locator("#components tbody tr")
    expect(parts).to_have_count(1)
    expect(parts).to_contain_text("the lens is covered")
    page.get_by_role("button", name="32 parts are well").click()
    expect(page.locator("#components .fold-content tbody tr")).to_have_count(20)
    expect_address(page, "open=whole%2Cwell")


@pytest.mark.parametrize(("what", "screens"), [("page=devices", 8), ("page=shelves", 8)])
def test_on_a_phone_a_page_is_a_few_screens_long(open_page, large, axe, what: str, screens: int) -> None:
    page = open_at(open_page, what, width=390, language="zh-CN", color_scheme="dark")
    expect(page.locator(".look-for")).to_be_visible()
    page.wait_for_function("most => document.documentElement.scrollHeight < most", arg=screens * 844)
    expect_no_wider(page, 390)
    assert axe(page, is_serious_only=True) == []


def test_on_a_phone_a_row_is_folded_and_its_name_opens_it(open_page, large) -> None:
    page = open_at(open_page, "page=devices", width=390)
    row = page.locator("#device-list tr[data-row='camera-tills']")
    expect(row.locator(".device-needs")).to_have_text("impaired · data incomplete")
    expect(row.get_by_text("120 messages")).to_be_hidden()
    opener = row.get_by_role("button", name="Details: camera-tills")
    assert place_of(opener)["width"] >= 44
    opener.press("Enter")
    expect(row.get_by_text("120 messages")).to_be_visible()
    expect(opener).to_have_attribute("aria-expanded", "true")


def test_devices_speak_the_language_of_the_page(open_page, large) -> None:
    large.commands = []
    page = open_at(open_page, "page=devices", language="zh-CN")
    expect(page.locator("#components tbody tr")).to_contain_text("镜头被遮挡或过脏，几乎看不清；请移开遮挡或清洁镜头")
    expect(page.locator("#calibration")).to_contain_text("镜头被遮挡")
    expect(page.locator("main")).not_to_contain_text("the lens")
