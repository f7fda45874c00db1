"""Commands on the devices page, before a scripted backend: who may ask, what is asked back, how it goes."""

import pytest
from playwright.sync_api import Page, expect

from fixtures import fake_pages
from fixtures.page_states import expect_no_wider

LONG = "Slot oats carries 1,240 g, and an empty one at most 200 g; empty it, or calibrate it."


def open_devices(open_page, backend, *, role: str = "manager", language: str = "en", **options) -> Page:
    backend.role = role
    page: Page = open_page(path="/#store=corner-market&page=devices", language=language, **options)
    expect(page.locator("#commands")).to_be_visible()
    return page


@pytest.fixture
def history(backend):
    backend.commands = [
        fake_pages.command(
            3,
            device_id="shelf-dry",
            kind="zero_slot",
            arguments={"slot_id": "oats"},
            state="refused",
            reason="it was emptied for cleaning",
            detail=LONG,
        ),
        fake_pages.command(2, kind="set_log_level", arguments={"level": "debug", "for_s": 600}, detail=None),
        fake_pages.command(1, state="sent", taken_at=None, over_at=None, detail=None),
    ]
    return backend.commands


def test_a_command_goes_from_the_form_to_done_without_a_reload(open_page, backend):
    page = open_devices(open_page, backend)
    row = page.locator("#device-list tr[data-row='camera-door']")
    row.get_by_role("button", name="Ask something of camera-door").click()
    dialog = page.locator("dialog")
    dialog.get_by_role("radio", name="Restart").check()
    dialog.get_by_role("button", name="Do it now").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Say why")
    dialog.get_by_label("Why (needed").fill("stuck since noon")
    dialog.get_by_role("button", name="Do it now").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert backend.asked == [
        {"kind": "restart_agent", "arguments": {}, "reason": "stuck since noon", "device_id": "camera-door"}
    ]
    state = page.locator("#commands tbody tr").first.locator(".command-state")
    expect(state).to_have_attribute("data-state", "waiting")
    expect(row).to_contain_text("Restart: waiting")
    (asked,) = backend.asked
    sent = fake_pages.command(81, **asked, expires_at="2099-01-01T00:00:00Z")
    (device,) = (each for each in backend.snapshot["devices"] if each["device_id"] == "camera-door")
    for step, word in (("sent", "sent"), ("taken", "being done"), ("done", "done")):
        detail = "The agent began anew." if step == "done" else None
        backend.update(devices=[device | {"recent_commands": [sent | {"state": step, "detail": detail}]}])
        expect(state).to_have_attribute("data-state", step)
        expect(state).to_contain_text(word)
    expect(state).to_contain_text("The agent began anew.")


def test_only_what_a_device_understands_is_offered_and_slots_go_by_their_names(open_page, backend):
    page = open_devices(open_page, backend)
    page.get_by_role("button", name="Ask something of shelf-dry").click()
    dialog = page.locator("dialog")
    expect(dialog.get_by_role("radio")).to_have_count(5)
    expect(dialog.get_by_role("radio", name="This view is right")).to_have_count(0)
    dialog.get_by_role("radio", name="Zero an empty slot").check()
    expect(dialog.get_by_label("Which slot is empty").locator("option").first).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    climate = page.locator("#device-list tr[data-row='climate-hall']")
    expect(climate).to_contain_text("takes none")
    expect(climate.get_by_role("button", name="Ask")).to_have_count(0)


@pytest.mark.parametrize("role", ["viewer", "staff"])
def test_others_see_the_history_and_cannot_ask(open_page, backend, history, role):
    page = open_devices(open_page, backend, role=role)
    expect(page.get_by_role("button", name="Ask something")).to_have_count(0)
    rows = page.locator("#commands tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("it was emptied for cleaning")
    expect(rows.nth(0)).to_contain_text(LONG)
    expect(rows.nth(1)).to_contain_text("Log more or less: everything")
    expect(rows.nth(2).locator(".command-state")).to_have_attribute("data-state", "expired")


@pytest.mark.parametrize(("width", "scheme", "language"), [(390, "dark", "zh-CN"), (820, "light", "en")])
def test_the_form_fits_its_screen_and_axe_finds_nothing_serious(
    open_page, backend, history, axe, width, scheme, language
):
    page = open_devices(open_page, backend, language=language, width=width, color_scheme=scheme)
    page.locator("#device-list tr[data-row='shelf-dry'] .asked button").click()
    expect(page.locator("dialog form")).to_be_visible()
    expect_no_wider(page, width)
    assert axe(page, is_serious_only=True) == []
