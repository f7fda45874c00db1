"""The pages of all stores, of shelves and of devices, before a scripted backend."""

import csv
import io

import pytest
from playwright.sync_api import Page, expect

from fixtures import fake_pages
from fixtures.page_states import expect_address, expect_no_wider


def open_at(open_page, backend, hash_text: str, *, language: str = "en", **options) -> Page:
    """Open a page other than the floor, signed in."""
    page: Page = open_page(path=f"/#{hash_text}", language=language, **options)
    return page


@pytest.fixture
def chain(backend):
    backend.add_store("berlin", "Berlin Mitte")
    backend.chain = [
        fake_pages.chain_store("corner-market", "Corner Market", "Pacific/Auckland", reasons=fake_pages.NEEDY),
        fake_pages.chain_store("berlin", "Berlin <script>alert(1)</script>", "Europe/Berlin", reasons=[]),
    ]
    return backend.chain


def test_stores_stand_by_what_needs_attention_and_each_reason_leads_to_its_cause(open_page, backend, chain):
    page = open_at(open_page, backend, "page=chain")
    expect(page.get_by_role("heading", name="1 of 2 stores need attention")).to_be_visible()
    stores = page.locator(".chain-store")
    expect(stores.nth(0)).to_contain_text("1 critical alert")
    expect(stores.nth(0)).to_contain_text("Data missing: Queue length")
    expect(stores.nth(1)).to_contain_text("Nothing to do")
    expect(stores.nth(1)).to_contain_text("Berlin <script>alert(1)</script>")
    stores.nth(0).get_by_role("link", name="1 device offline").click()
    expect(page.locator("main.devices-page #completeness")).to_be_visible()
    expect_address(page, "store=corner-market&page=devices")


def test_a_figure_says_its_trend_target_and_quality_and_one_without_source_says_which(open_page, backend, chain):
    page = open_at(open_page, backend, "page=chain")
    figure = page.locator("[data-figure='wait_mean']")
    expect(figure).to_contain_text("1 min 36 s")
    expect(figure).to_contain_text("↓ 20 %")
    expect(figure).to_contain_text("target 2 min, on target")
    expect(figure).to_contain_text("62 % of the data is there")
    expect(page.locator("[data-figure='on_shelf_availability']")).to_contain_text("off target")
    expect(page.locator("[data-figure='conversion']")).to_contain_text("Lacks its source: tills")
    expect(page.locator("[data-figure='restock_time']")).to_contain_text("Nothing happened to measure it by")
    expect(page.locator("[data-figure='served_within_target']")).to_contain_text("target 80.0 %, on target")
    expect(page.locator("[data-figure='lanes_open_against_needed']")).to_contain_text("-0.4")
    expect(page.locator("[data-figure='device_uptime']")).to_contain_text("97.0 %")
    # Thirteen known days of fourteen: the line is in two pieces.
    expect(page.locator("[data-figure='visitors'] polyline")).to_have_count(2)


def test_a_manager_sets_targets_and_a_wrong_number_is_refused_in_place(open_page, backend, chain):
    backend.role = "manager"
    page = open_at(open_page, backend, "page=chain")
    page.get_by_role("button", name="Set targets").click()
    page.get_by_role("textbox", name="On-shelf availability").fill("ninety")
    page.get_by_role("button", name="Save targets").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("On-shelf availability: type a number")
    assert backend.targets is None
    page.get_by_role("textbox", name="On-shelf availability").fill("97,5")
    page.get_by_role("textbox", name="Visitors").fill("")
    page.get_by_role("button", name="Save targets").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert backend.targets == {"on_shelf_availability": 0.975, "wait_mean": 120, "served_within_target": 0.8}


def test_figures_that_are_being_made_come_by_themselves(open_page, backend, chain):
    known = chain[0]["figures"]
    chain[0]["figures"] = None
    page = open_at(open_page, backend, "page=chain")
    expect(page.get_by_text("The figures are being made…")).to_be_visible()
    chain[0]["figures"] = known
    expect(page.locator("[data-figure='visitors']")).to_contain_text("1,240")


def test_the_restock_list_has_what_is_low_in_walking_order_and_saves_as_csv(open_page, backend):
    page = open_at(open_page, backend, "store=corner-market&page=shelves")
    rows = page.locator("#restock tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Eggs, ten")
    expect(rows.nth(0)).to_contain_text("empty now")
    expect(page.locator("#planogram .place")).to_have_count(16)
    expect(page.locator("#planogram .is-gap")).to_contain_text("no weight lately")
    expect(page.locator("#planogram")).to_contain_text("Planogram 4")
    expect(page.locator("#lost-sales tbody tr")).to_contain_text("4.2 (2.9 to 6.0)")
    with page.expect_download() as download:
        page.locator("#restock").get_by_role("button", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    head, *lines = csv.reader(io.StringIO(text))
    assert [line[head.index("Bring")] for line in lines] == ["20", "23"]
    page.emulate_media(media="print")
    expect(page.locator("#restock")).to_be_visible()
    expect(page.locator("#planogram")).to_be_hidden()


def test_a_weight_that_comes_live_takes_a_slot_off_the_restock_list(open_page, backend):
    page = open_at(open_page, backend, "store=corner-market&page=shelves")
    expect(page.locator("#restock tbody tr")).to_have_count(2)
    slot = next(each for each in backend.snapshot["slots"] if each["slot_id"] == "eggs")
    backend.update(slots=[slot | {"units": 20, "weight_g": 13_600.0}])
    expect(page.locator("#restock tbody tr")).to_have_count(1)
    expect(page.locator("#planogram")).not_to_contain_text("empty now")


def test_a_place_is_counted_by_hand_and_what_was_told_anew_is_shown(open_page, backend):
    page = open_at(open_page, backend, "store=corner-market&page=shelves")
    expect(page.locator("#counts")).to_contain_text("known 95 % exactly (84 % to 99 %)")
    expect(page.locator("#counts tbody tr")).to_have_count(1)
    expect(page.locator("#told-anew tbody tr")).to_contain_text("misplaced · 1 · biscuit")
    expect(page.locator("#told-anew tbody tr")).to_contain_text("put back · 2")
    expect(page.locator("#planogram")).to_contain_text("340 g that do not belong here")
    expect(page.locator("#planogram")).to_contain_text("Calibration due: the slot was not seen empty for 31 days")
    page.locator("#planogram .place-count").first.click()
    form = page.locator("dialog .count-form")
    form.get_by_role("button", name="Save the count").click()
    expect(form.get_by_role("alert")).to_contain_text("Give a whole number from 0 up")
    form.locator("input").fill("7")
    form.get_by_role("button", name="Save the count").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert [each["products"][0]["units"] for each in backend.counted] == [7]


def test_devices_tell_health_clock_outbox_and_every_hour_with_what_is_missing(open_page, backend):
    page = open_at(open_page, backend, "store=corner-market&page=devices")
    row = page.locator("#device-list tr[data-row='camera-tills']")
    expect(row).to_contain_text("impaired")
    expect(row).to_contain_text("120 messages")
    expect(page.locator("#device-list tr[data-row='shelf-dry']")).to_contain_text("2 s behind")
    expect(page.locator("#device-list tr[data-row='shelf-dry']")).to_contain_text("version 3, not the current one")
    ledger = page.locator("#completeness [data-device='camera-tills']")
    expect(ledger.locator(".hour.is-none")).to_have_count(3)
    expect(ledger.locator(".hour.is-part")).to_have_count(1)
    expect(ledger).to_contain_text("device silent 12.5 %, outbox full 1.6 %")
    expect(ledger).to_contain_text("3 messages are written on the device and not yet here.")
    expect(page.locator("#calibration")).to_contain_text("−1.9 % (−6.0 % to +2.0 %)")
    expect(page.locator("#calibration")).to_contain_text("Not checked yet: Side door")


@pytest.mark.parametrize(
    "hash_text", ["page=chain", "store=corner-market&page=shelves", "store=corner-market&page=devices"]
)
@pytest.mark.parametrize(("width", "scheme", "locale"), [(390, "dark", "zh-CN"), (1440, "light", "en")])
def test_pages_fit_their_screen_and_axe_finds_nothing_serious(
    open_page, backend, chain, axe, hash_text, width, scheme, locale
):
    page = open_at(open_page, backend, hash_text, language=locale, width=width, color_scheme=scheme)
    expect(page.locator("main .card").first).to_be_visible()
    expect_no_wider(page, width)
    assert axe(page, is_serious_only=True) == []
