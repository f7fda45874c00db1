"""The page of visitors, before a scripted backend."""

import csv
import io

import pytest
from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.fake_backend import FakeBackend
from fixtures.fake_store import Json
from fixtures.page_states import expect_no_wider

HASH = "store=corner-market&page=visitors"


def open_at(open_page, backend: FakeBackend, hash_text: str = HASH, *, language: str = "en", **options) -> Page:
    page: Page = open_page(path=f"/#{hash_text}", language=language, **options)
    return page


def row(page: Page, card: str, name: str):
    return page.locator(f"#{card} tbody tr").filter(has_text=name)


def test_heads_stand_with_their_band_groups_and_staff_beside_them(open_page, backend):
    page = open_at(open_page, backend)
    figures = page.locator(".figures")
    expect(figures.locator("[data-figure=visitors]")).to_contain_text("404 to 437 in truth")
    expect(figures.locator("[data-figure=units]")).to_contain_text("260")
    expect(figures.locator("[data-figure=units]")).to_contain_text("1.6 people each")
    expect(figures.locator("[data-figure=inside]")).to_contain_text("9 to 19, by the doors")
    expect(figures.locator("[data-figure=staff]")).to_contain_text("8.3 %")
    door = row(page, "lines", "Main door")
    expect(door).to_contain_text("−1.9 % (−6.0 % to +2.0 %)")
    expect(door).to_contain_text("3 %")
    expect(row(page, "lines", "Side door")).to_contain_text("not checked")


def test_the_doors_say_what_a_day_was_off_by_and_how_much_was_corrected(open_page, backend):
    page = open_at(open_page, backend)
    rows = page.locator("#doors tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("goes on")
    expect(rows.nth(1)).to_contain_text("+6")
    expect(rows.nth(1)).to_contain_text("+0.8 %")
    expect(rows.nth(1)).to_contain_text("99 %")
    expect(page.locator("#doors .chart canvas")).to_be_visible()


def test_stays_have_a_histogram_and_ways_of_few_are_told_by_their_sum_alone(open_page, backend):
    page = open_at(open_page, backend)
    fresh = row(page, "stays", "Fresh food")
    expect(fresh.get_by_role("img", name="20 s to 30 s: 80")).to_be_visible()
    expect(fresh).to_contain_text("12 %")
    expect(row(page, "stays", "Promotion")).to_contain_text("–")
    expect(page.locator("#ways")).to_contain_text("Of fewer than 5 people")
    expect(row(page, "ways", "Fresh food")).to_contain_text("31")
    expect(page.locator("#ways")).to_contain_text("7 people more")
    with page.expect_download() as download:
        page.locator("#stays").get_by_role("button", name="CSV").click()
    lines = list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert lines[1][:5] == ["Fresh food", "122", "70", "52", "24"]
    assert lines[1][6].split(" ")[4] == "80"


def test_figures_of_a_camera_that_did_not_see_well_are_marked(open_page, backend):
    page = open_at(open_page, backend, HASH + "&period=week")
    expect(page.locator("#marked")).to_contain_text("Main door (1 h")
    expect(page.locator("#marked")).to_contain_text("Fresh food (1 h")
    expect(page.locator("#marked")).not_to_contain_text("Tills")  # no figure of this page is a queue's
    expect(row(page, "lines", "Main door").locator(".mark")).to_contain_text("A camera did not see well for 1 h")
    expect(row(page, "stays", "Fresh food").locator(".mark")).to_have_count(1)
    expect(row(page, "lines", "Side door").locator(".mark")).to_have_count(0)


def test_a_day_after_one_without_trade_is_called_by_its_own_date(open_page, backend):
    page = open_at(open_page, backend)
    expect(page.locator("#doors tbody tr")).to_have_count(2)

    def days(route) -> None:
        # From closing on Saturday to closing on Monday, and what goes on since then, over Tuesday to Wednesday.
        day = {"is_reconciled": True, "entered": 8, "left": 8, "drift": 0, "drift_ratio": 0.0, "completeness": 1.0}
        told = [
            day | {"starts_at": "2026-11-14T08:00:00Z", "ends_at": "2026-11-16T08:00:00Z"},
            day | {"starts_at": "2026-11-16T08:00:00Z", "ends_at": "2026-11-18T08:00:00Z", "is_reconciled": False},
        ]
        points = [{"at": "2026-11-16T09:00:00Z", "people": 3, "low": 1, "high": 5}]
        answer = {"basis": "doors", "step_s": 900, "to": "2026-11-16T22:00:00Z", "now": None, "points": points}
        route.fulfill(json=answer | {"days": told, "learnt_days": 1})

    page.route("**/corner-market/occupancy?*", days)
    page.get_by_role("combobox", name="Period").select_option("week")
    heads = page.locator("#doors tbody tr th")
    expect(heads).to_have_text(["17 Nov", "16 Nov"])


def test_a_zone_for_staff_only_is_in_no_figure_of_customers(open_page, backend):
    layout = backend.stores["corner-market"]["layout"]
    for zone in layout["zones"]:
        zone["staff_only"] = True
    page = open_at(open_page, backend, HASH + "&period=week")
    expect(page.locator("#marked")).to_contain_text("Main door (1 h")
    expect(page.locator("#marked")).not_to_contain_text("Fresh food")
    expect(page.locator("#lines")).to_be_visible()
    expect(page.locator("#stays")).to_have_count(0)
    expect(page.locator("#ways")).to_have_count(0)


def test_times_of_two_cameras_that_fail_at_once_count_once(open_page, backend):
    page = open_at(open_page, backend)
    marked = page.evaluate(
        """async () => (await import("/static/app/visitors/marks.js")).markedSeconds([
          {from: "2026-11-21T10:00:00Z", to: "2026-11-21T10:10:00Z", affected: ["zone/a", "zone/b"]},
          {from: "2026-11-21T10:05:00Z", to: "2026-11-21T10:12:00Z", affected: ["zone/a"]},
          {from: "2026-11-21T09:00:00Z", to: "2026-11-21T09:01:00Z", affected: ["zone/a"]},
          {from: "2026-11-21T09:00:00Z", to: "2026-11-21T09:00:00Z", affected: ["zone/c"]},
        ])"""
    )
    assert marked == {"zone/a": 780, "zone/b": 600}


def test_it_fits_a_phone_and_speaks_chinese(open_page, backend):
    page = open_at(open_page, backend, language="zh-CN", width=390)
    expect(page.locator("#lines")).to_contain_text("各计数线")
    expect(page.locator("#doors .chart canvas")).to_be_visible()
    expect_no_wider(page, 390)


def test_a_store_that_counts_nobody_says_what_it_takes(open_page, backend):
    layout = backend.stores["corner-market"]["layout"]
    layout["lines"], layout["zones"] = [], []
    page = open_at(open_page, backend)
    expect(page.locator("#no-visitors")).to_contain_text("Draw counting lines and zones")


@pytest.mark.parametrize(
    ("page_name", "named"),
    [("floor", ["Main door, Fresh food, Heatmap:", "Tills:"]), ("queues", ["Tills:"])],
    ids=["the floor: all that rests on a camera", "queues: the queues that do"],
)
def test_what_does_not_see_well_now_is_named_and_only_that(open_page, backend, page_name, named):
    def told(minutes_ago: float, cause: str, reason: str, affected: list[str]) -> Json:
        span = {"from": fake_store.instant(600), "to": fake_store.instant(60 * minutes_ago)}
        camera = {"device_id": "cam-1", "component_id": "cam-1", "state": "degraded", "displacement_px": None}
        return {**camera, **span, "cause": cause, "reason": reason, "affected": affected}

    moved = "the camera was moved: its picture has shifted by 31 pixels; turn it back, or calibrate it again"
    faults = [
        told(0, "moved", moved, ["footfall/door", "zone/fresh", "heatmap/ground"]),
        told(0, "frozen", "the picture has not changed for 31 s; restart the camera", ["queue/tills"]),
        told(5, "dark", "it was dark", ["zone/promo", "queue/tills"]),
    ]
    path = f"/#store=corner-market&page={page_name}"
    page = open_page(path=path, signed_in=False, is_live=False, language="en")
    answer = {"from": fake_store.instant(600), "to": faults[0]["to"], "faults": faults, "lines": []}
    page.route("**/corner-market/quality?*", lambda route: route.fulfill(json=answer))
    backend.sessions.add("later")
    page.context.add_cookies([{"name": "storesense_session", "value": "later", "url": backend.url}])
    page.reload()
    sight = page.locator("#sight")
    expect(sight.locator("strong")).to_have_text(named)
    expect(sight).to_contain_text("31 pixels" if page_name == "floor" else "has not changed for 31 s")
