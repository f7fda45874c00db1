"""Setting up shelves and their slots, drafts that last, and what is awkward, before a scripted backend."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest, expect_no_wider

OpenSetup = Callable[..., Page]
PATH = "/#store=corner-market&page=setup"


@pytest.fixture
def open_setup(open_page: Callable[..., Page], backend: FakeBackend) -> OpenSetup:
    def open_it(*, role: str = "manager", **options: Any) -> Page:
        backend.role = role
        page = open_page(path=PATH, **{"language": "en", **options})
        expect(page.locator(".sheet svg")).to_be_visible()
        return page

    return open_it


def field(page: Page, name: str) -> Locator:
    return page.locator(".panel").get_by_label(name, exact=True)


def place(page: Page, *numbers: float) -> None:
    """Put the selected slot's upper left and lower right corners there."""
    names = ["Upper left, Across", "Upper left, Down", "Lower right, Across", "Lower right, Down"]
    # The upper left one first, so that neither passes the other on its way up the plan.
    for name, number in zip(names, numbers, strict=True):
        field(page, name).fill(f"{number:g}")


def save(page: Page, version: int) -> None:
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_role("status").filter(has_text=f"Saved as version {version}")).to_be_visible()


def slot(backend: FakeBackend, slot_id: str) -> dict[str, Any]:
    return next(each for each in backend.drawing.held["slots"] if each["slot"] == slot_id)


def test_a_shelf_and_a_slot_are_drawn_filled_and_given_to_a_device(open_setup: OpenSetup, backend: FakeBackend) -> None:
    page = open_setup()
    page.get_by_role("button", name="+ Shelf", exact=True).click()
    field(page, "Name").fill("Wall <i>")
    page.get_by_role("button", name="+ Shelf slot").click()
    field(page, "Name").fill("New cereals")
    expect(page.get_by_text("An empty slot is drawn and not watched.")).to_be_visible()
    page.get_by_role("combobox", name="Product").select_option(index=1)
    field(page, "Units that fit").fill("12")
    page.get_by_role("combobox", name="Shelf", exact=True).select_option(label="Wall <i>")
    field(page, "Level (1 is the lowest)").fill("2")
    page.get_by_role("combobox", name="Weighed by").select_option("shelf-1")
    new_id = f"slot-{len(backend.drawing.held['slots']) + 1}"
    expect(page.get_by_text(f"storesense edge shelf setup --site SITE.yaml --slot {new_id}.")).to_be_visible()
    save(page, 2)
    saved = slot(backend, new_id)
    shelf = backend.drawing.held["shelves"][0]
    assert (shelf["name"], len(shelf["floor_m"])) == ("Wall <i>", 4)
    assert (saved["name"], saved["shelf"], saved["level"]) == ("New cereals", shelf["id"], 2)
    assert (saved["device"], saved["size_m"]) == ("shelf-1", [1, 0.5])
    assert (saved["holds"]["capacity_units"], saved["holds"]["reorder_point_units"]) == (12, 2)


def test_a_slot_is_sized_by_its_corners_and_by_keys(open_setup: OpenSetup, backend: FakeBackend) -> None:
    page = open_setup()
    page.get_by_role("button", name="+ Shelf slot").click()
    place(page, 3, 5, 4.5, 5.4)
    new_id = f"slot-{len(backend.drawing.held['slots']) + 1}"
    page.locator(f"[data-key='slot:{new_id}'][data-point='1']").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(field(page, "Lower right, Across")).to_have_value("5.5")
    page.locator(f"[data-key='slot:{new_id}'][tabindex]").first.focus()
    page.keyboard.press("ArrowLeft")
    expect(field(page, "Upper left, Across")).to_have_value("2.9")
    save(page, 2)
    saved = slot(backend, new_id)
    assert (saved["at_m"], saved["size_m"], saved["holds"]) == ([4.15, 5.25], [2.5, 0.5], None)


def test_slots_over_each_other_and_out_of_their_shelf_are_said_at_their_place(open_setup: OpenSetup) -> None:
    page = open_setup()
    page.get_by_role("button", name="+ Shelf slot").click()
    page.get_by_role("button", name="+ Shelf slot").click()
    expect(page.locator(".panel").get_by_role("alert")).to_contain_text("over another slot on the same level")
    expect(page.get_by_role("button", name="Save as a new version")).to_be_disabled()
    field(page, "Level (1 is the lowest)").fill("2")
    expect(page.locator(".panel").get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="+ Shelf", exact=True).click()
    field(page, "Name").fill("Wall")
    page.get_by_role("button", name="+ Shelf slot").click()
    place(page, 1, 1, 2, 1.5)
    page.get_by_role("combobox", name="Shelf", exact=True).select_option(label="Wall")
    expect(page.locator(".panel").get_by_role("alert")).to_contain_text("not within its shelf")
    field(page, "Name").fill("")
    expect(page.locator(".panel").get_by_text("It needs a name of 1 to 120 letters.")).to_be_visible()


def test_a_slot_is_taken_away_and_brought_back_by_undo_and_by_version(
    open_setup: OpenSetup, backend: FakeBackend
) -> None:
    first = backend.drawing.held["slots"][0]["slot"]
    page = open_setup()
    mark = page.locator(f"[data-key='slot:{first}'][tabindex]").first
    mark.focus()
    page.keyboard.press("Delete")
    expect(mark).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(mark).to_have_count(1)
    mark.focus()
    page.keyboard.press("Delete")
    save(page, 2)
    assert slot(backend, first)["is_removed"] is True
    page.get_by_role("button", name="Take back 1").click()
    expect(page.get_by_text("Version 1 holds again, as version 3.")).to_be_visible()
    expect(mark).to_have_count(1)


def test_a_draft_outlives_the_tab_and_is_offered_to_whoever_drew_it_alone(
    open_setup: OpenSetup, backend: FakeBackend
) -> None:
    page = open_setup()
    page.get_by_role("button", name="+ Zone").click()
    field(page, "Name").fill("Bakery")
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    backend.sessions.clear()
    context = page.context
    page.close()
    backend.sessions.add("prepared")
    again = context.new_page()
    again.goto(backend.url + PATH)
    expect(again.get_by_text("Not saved yet.")).to_contain_text("It was kept here since")
    expect(again.locator(".items")).to_contain_text("Bakery")
    again.evaluate(
        """() => {
          const name = "storesense.drawing.corner-market";
          const draft = JSON.parse(localStorage.getItem(name));
          localStorage.setItem(name, JSON.stringify({ ...draft, user: "somebody else" }));
        }"""
    )
    again.reload()
    expect(again.get_by_text("Nothing to save.")).to_be_visible()
    again.close()


LONG = "A name of 300 letters " * 14
AWKWARD = [
    LONG,
    "🛒" * 60,
    "</script><script>window.ran = true</script>",
    '"><img src=x onerror="window.ran = true">',
    "货架" * 80,
]


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (820, "dark"), (1440, "light")])
def test_awkward_names_fit_and_nothing_of_them_runs(
    open_setup: OpenSetup, backend: FakeBackend, width: int, scheme: str
) -> None:
    held = backend.drawing.held
    corners = [[2, 2], [4, 2], [4, 4], [2, 4]]
    for number, name in enumerate(AWKWARD):
        held["zones"].append({"id": f"awkward-{number}", "name": name, "staff_only": False, "floor_m": corners})
        held["shelves"].append({"id": f"shelf-{number}", "name": name, "floor_m": corners})
    held["slots"][0] |= {"name": AWKWARD[2], "size_m": [1, 0.5]}
    backend.drawing.devices[1] |= {"is_online": False, "state": "degraded", "reason": AWKWARD[2] + LONG}
    page = open_setup(width=width, color_scheme=scheme)
    for name in AWKWARD:
        page.locator(".items button").filter(has_text=name[:20]).first.click()
        expect(page.locator(".panel legend")).to_contain_text(name[:20])
    at_rest(page)
    expect_no_wider(page, width)
    assert page.evaluate("window.ran") is None
    expect(page.locator("#cameras")).to_contain_text("offline")


def test_a_store_without_devices_can_be_drawn(open_setup: OpenSetup, backend: FakeBackend) -> None:
    backend.drawing.devices.clear()
    backend.drawing.shelves.clear()
    page = open_setup()
    expect(page.locator("#cameras")).to_contain_text("No cameras")
    expect(page.locator("#shelves")).to_have_count(0)
    page.get_by_role("button", name="+ Shelf slot").click()
    expect(page.get_by_role("combobox", name="Weighed by").get_by_role("option")).to_have_count(1)
    save(page, 2)
