"""The page of queues and staffing, before a scripted backend."""

import csv
import io

import pytest
from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import eventually, expect_no_wider

HASH = "store=corner-market&page=queues"


def open_at(open_page, backend: FakeBackend, hash_text: str = HASH, *, language: str = "en", **options) -> Page:
    page: Page = open_page(path=f"/#{hash_text}", language=language, **options)
    return page


def saved(download) -> list[list[str]]:
    return list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))


def test_what_to_do_comes_first_with_the_waits_with_and_without(open_page, backend):
    page = open_at(open_page, backend)
    advice = page.locator("#advice")
    expect(advice).to_contain_text("Open 1 lane now")
    expect(advice).to_contain_text(
        "2 of 4 lanes open, 8 people at them. 24 more will queue within 15 minutes (17 to 31)."
    )
    expect(advice).to_contain_text("1 lane told nothing for three minutes, so the number open is not sure.")
    soon = advice.locator('[data-in="15"]')
    expect(soon).to_contain_text("4 lanes+2")
    expect(soon).to_contain_text("Wait with the change")
    expect(soon).to_contain_text("1 min 3 s")
    expect(soon).to_contain_text("5 min 3 s")
    backend.queues.lanes_advised = 2
    page.reload()
    expect(advice).to_contain_text("Lanes are as needed, now and for half an hour")
    backend.queues.lanes_advised = 1
    page.reload()
    expect(advice).to_contain_text("1 lane may close")


def test_waits_now_follow_the_stream_and_every_lane_tells_its_state(open_page, backend):
    page = open_at(open_page, backend)
    tills = page.locator('[data-queue="tills"]')
    expect(tills).to_contain_text("4 min 12 s")
    expect(tills).to_contain_text("2 min 10 s to 6 min 30 s, four times in five")
    states = tills.locator(".till-state")
    expect(states).to_have_text(["Open", "Open", "Closed", "Not told"])
    backend.update(
        queues=[{"queue_id": "tills", "length": 11, "longest_wait_s": 301.0, "measured_at": fake_store.instant()}]
    )
    expect(tills).to_contain_text("11")
    expect(tills).to_contain_text("5 min 1 s")


@pytest.mark.parametrize(
    ("own_lanes", "kind", "idle"),
    [
        ((), "One queue for 4 lanes with a cashier", 4),
        (("lane-4",), "One queue for 3 lanes with a cashier and 6 stations of self-checkout", 3),
        (("lane-1", "lane-2", "lane-3", "lane-4"), "Self-checkout with 24 stations", 0),
    ],
    ids=["cashiers", "both", "self-checkout"],
)
def test_a_queue_says_what_it_waits_for_and_how_long_cashiers_waited(open_page, backend, own_lanes, kind, idle):
    backend.queues.own_lanes = set(own_lanes)
    page = open_at(open_page, backend)
    tills = page.locator('[data-queue="tills"]')
    expect(tills.locator(".queue-kind")).to_have_text(kind)
    expect(tills.get_by_text("waited 16 min 40 s for customers")).to_have_count(idle)


def test_a_closed_lane_does_not_say_that_its_cashier_waited_for_nobody(open_page, backend):
    backend.queues.idle_s = 0.0
    page = open_at(open_page, backend)
    lanes = page.locator('[data-queue="tills"] .till')
    expect(lanes.locator(".till-state")).to_have_text(["Open", "Open", "Closed", "Not told"])
    expect(lanes.get_by_text("waited 0 s for customers")).to_have_count(3)
    expect(lanes.nth(2)).not_to_contain_text("waited")


def test_a_period_names_the_queues_that_a_camera_did_not_see_well(open_page, backend):
    page = open_at(open_page, backend, HASH + "&period=week")
    expect(page.locator("#marked")).to_have_text(
        "For a part of this time a camera did not see well. Affected are Tills (1 h)"
    )


def test_each_call_tells_what_was_done_and_the_waits_before_and_after(open_page, backend):
    page = open_at(open_page, backend)
    rows = page.locator("#calls tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Still asked for")
    expect(rows.nth(1)).to_contain_text("Nothing; the need passed after 7 min")
    expect(rows.nth(2)).to_contain_text("Lane 3 opened after 2 min")
    expect(rows.nth(2)).to_contain_text("58 s")
    expect(page.locator("#calls")).to_contain_text("A lane moved after 1 of 2 calls.")
    with page.expect_download() as download:
        page.locator("#calls").get_by_role("button", name="CSV").click()
    head, newest, *_ = saved(download)
    assert head[:3] == ["When", "Advice", "Done"]
    assert newest[1] == "Open 1 lane (2 → 3)"


def test_charts_read_point_by_point_and_save_what_they_show(open_page, backend):
    page = open_at(open_page, backend)
    chart = page.locator("#lanes .chart")
    expect(chart.locator("canvas")).to_be_visible()
    chart.focus()
    page.keyboard.press("Home")
    expect(page.locator("#lanes .readout")).to_contain_text("needed 1, open 1")
    with page.expect_download() as download:
        page.locator("#lanes").get_by_role("button", name="CSV").click()
    head, first, *_ = saved(download)
    assert head == ["UTC", "told 30 min before", "needed, told 15 min before", "needed", "open"]
    assert first[1:3] == ["", ""], "what was told before the span is not known"
    with page.expect_download() as download:
        page.locator("#lanes").get_by_role("button", name="PNG").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    expect(page.locator("#level .readout")).to_contain_text("83 % were served within 2 min.")
    expect(page.locator('.past [data-figure="against"]')).to_contain_text("−0.4")
    expect(page.locator('.past [data-figure="level"]')).to_contain_text("80 % of the data is there")


def test_a_period_is_kept_in_the_address_and_asked_for_in_the_stores_days(open_page, backend):
    page = open_at(open_page, backend)
    expect(page.locator("#joins .chart canvas")).to_be_visible()
    with page.expect_response(lambda response: "/staffing/history" in response.url):
        page.get_by_role("combobox", name="Period").select_option("week")
    expect(page).to_have_url(f"{backend.url}/#{HASH}&period=week")
    expect(page.locator("#lanes .chart canvas")).to_be_visible()
    # Midnight in Auckland is 11 or 12 o'clock UTC of the day before.
    assert backend.queues.asked[-1]["from"][11:] in ("11:00:00.000Z", "12:00:00.000Z")
    assert "to" not in backend.queues.asked[-1]
    page.reload()
    expect(page.get_by_role("combobox", name="Period")).to_have_value("week")


def test_a_store_that_is_not_advised_yet_says_why_and_what_it_takes(open_page, backend):
    backend.queues.is_known = False
    backend.queues.has_forecast = False
    page = open_at(open_page, backend)
    expect(page.locator("#advice")).to_contain_text("No advice yet")
    expect(page.locator("#advice")).to_contain_text("It is learnt from the first day")
    expect(page.locator("#calls")).to_contain_text("No call for lanes in this time")
    expect(page.locator("#arrivals")).to_contain_text("No forecast yet")
    expect(page.locator("#lanes .readout")).to_contain_text("only what stood open is drawn")
    expect(page.locator("#joins")).to_have_count(0)
    backend.stores["corner-market"]["layout"]["lines"] = []
    page.reload()
    expect(page.locator("#advice")).to_contain_text("No entrance is counted")


def test_a_store_without_tills_is_told_how_to_get_some(open_page, backend):
    backend.stores["corner-market"]["layout"] |= {"queues": [], "lanes": []}
    page = open_at(open_page, backend)
    expect(page.get_by_text("No checkouts yet")).to_be_visible()
    expect(page.get_by_text("Give the store lanes and the queues that wait for them")).to_be_visible()


def test_a_failed_past_is_told_in_place_and_tried_again(open_page, backend):
    past = "GET /api/v1/stores/corner-market/staffing/history"
    backend.standing_refusals[past] = (503, "too_slow")
    page = open_at(open_page, backend)
    problem = page.locator(".past").get_by_role("alert").filter(has=page.get_by_role("button", name="Try again"))
    expect(problem).to_be_visible()
    expect(page.locator("#advice")).to_contain_text("Open 1 lane now")
    asked = backend.requests.count(past)
    problem.get_by_role("button", name="Try again").click()
    eventually(page, lambda: backend.requests.count(past) > asked, "the button asks again")
    backend.standing_refusals.clear()
    # By itself too, soon.
    expect(page.locator("#lanes .chart canvas")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "scheme", "language"), [(390, "dark", "zh-CN"), (820, "light", "en"), (1440, "dark", "en")]
)
def test_it_fits_the_screen_and_axe_finds_nothing_serious(open_page, backend, axe, width, scheme, language):
    page = open_at(open_page, backend, language=language, width=width, color_scheme=scheme)
    expect(page.locator("#joins .chart canvas")).to_be_visible()
    expect_no_wider(page, width)
    assert axe(page, is_serious_only=True) == []
