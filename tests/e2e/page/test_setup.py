"""Setting up, before a scripted backend: drawing with mouse, keys and numbers, what is wrong at its place, versions."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from fixtures.axe import Axe
from fixtures.fake_backend import FakeBackend
from fixtures.page_states import at_rest, eventually, expect_no_wider, place_of

OpenSetup = Callable[..., Page]


@pytest.fixture
def open_setup(open_page: Callable[..., Page], backend: FakeBackend) -> OpenSetup:
    def open_it(*, role: str = "manager", language: str = "en", **options: Any) -> Page:
        backend.role = role
        page = open_page(path="/#store=corner-market&page=setup", language=language, **options)
        expect(page.locator(".sheet svg")).to_be_visible()
        return page

    return open_it


def line(backend: FakeBackend, line_id: str) -> dict[str, Any]:
    return next(each for each in backend.drawing.held["lines"] if each["id"] == line_id)


def field(page: Page, name: str) -> Locator:
    return page.locator(".panel").get_by_label(name, exact=True)


def save(page: Page, version: int) -> None:
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_role("status").filter(has_text=f"Saved as version {version}")).to_be_visible()


def test_a_line_is_added_named_placed_by_numbers_and_saved(open_setup: OpenSetup, backend: FakeBackend) -> None:
    page = open_setup()
    page.get_by_role("button", name="+ Line").click()
    field(page, "Name").fill("To the bakery <b>")
    field(page, "First end, Across").fill("11.5")
    field(page, "First end, Down").fill("6")
    page.get_by_role("combobox", name="In is on the").select_option("right")
    page.get_by_role("combobox", name="Measured by").select_option("cam-1")
    page.get_by_label("A word on what is new").fill("bakery")
    save(page, 2)
    saved = line(backend, "line-3")
    assert (saved["name"], saved["floor_m"][0], saved["in_side"]) == ("To the bakery <b>", [11.5, 6], "right")
    assert backend.drawing.held["cameras"][0]["lines"][-1]["line"] == "line-3"
    expect(page.locator("#versions")).to_contain_text("bakery")
    expect(page.locator("#drawing")).to_contain_text("Nothing to save.")


def test_a_point_is_dragged_with_the_mouse_and_the_step_is_taken_back_and_done_again(
    open_setup: OpenSetup, backend: FakeBackend
) -> None:
    page = open_setup()
    page.get_by_role("button", name="Main door", exact=False).first.click()
    handle = page.locator("[data-key='line:door'][data-point='0']")
    at_rest(page)
    handle.hover()  # it waits until the handle stands still and nothing covers it
    box = place_of(handle)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.down()
    page.mouse.move(x - 30, y - 20, steps=4)
    page.mouse.move(x - 60, y - 40, steps=4)
    page.mouse.up()
    across = field(page, "First end, Across")
    eventually(page, lambda: float(across.input_value()) < 16, "the point has moved")
    at_rest(page)
    moved = float(across.input_value())
    page.get_by_role("button", name="Undo").click()
    expect(across).to_have_value("17")
    page.keyboard.press("Control+Shift+Z")
    expect(across).to_have_value(f"{moved:g}")
    save(page, 2)
    assert line(backend, "door")["floor_m"][0][0] == moved


def test_arrow_keys_move_a_point_and_the_arrow_turns(open_setup: OpenSetup, backend: FakeBackend) -> None:
    page = open_setup()
    page.get_by_role("button", name="Line Main door. Arrow keys move it").focus()
    page.get_by_role("button", name="Line Main door, point 2").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    expect(field(page, "Second end, Across")).to_have_value("21.1")
    expect(field(page, "Second end, Down")).to_have_value("18")
    page.get_by_role("button", name="Line Main door: in is left").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Line Main door: in is right")).to_be_visible()
    save(page, 2)
    assert (line(backend, "door")["in_side"], line(backend, "door")["floor_m"][1]) == ("right", [21.1, 18])


def test_what_cannot_work_is_said_at_its_place_and_is_not_saved(open_setup: OpenSetup, backend: FakeBackend) -> None:
    page = open_setup()
    page.get_by_role("button", name="+ Zone").click()
    field(page, "Corner 1, Across").fill("18")
    field(page, "Corner 2, Across").fill("12")
    expect(page.locator(".panel").get_by_role("alert")).to_have_text(
        "The edges cross each other. Move a corner so that they do not."
    )
    expect(page.get_by_text("1 thing is to mend before it can be saved.")).to_be_visible()
    expect(page.get_by_role("button", name="Save as a new version")).to_be_disabled()
    field(page, "Corner 2, Across").fill("17.5")
    field(page, "Corner 1, Across").fill("-9")
    expect(page.locator(".panel").get_by_role("alert")).to_contain_text("A point is not on the floor plan.")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Nothing to save.")).to_be_visible()
    assert len(backend.drawing.versions) == 1


def test_what_is_not_saved_outlives_a_reload_and_a_lost_session(
    open_setup: OpenSetup, backend: FakeBackend, sign_in: Callable[[Page], None]
) -> None:
    page = open_setup()
    page.get_by_role("button", name="+ Zone").click()
    field(page, "Name").fill("Bakery")
    # Of this request alone: any other, made by the page itself, would take the button away before it is pressed.
    backend.refusals["PUT /api/v1/stores/corner-market/drawing"] = (401, "not_signed_in")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("It was not saved: Refused for the test with 401.")).to_be_visible()
    backend.sessions.clear()
    page.reload()
    sign_in(page)
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    save(page, 2)
    assert backend.drawing.held["zones"][-1]["name"] == "Bakery"


def test_somebody_elses_version_is_not_overwritten_and_an_old_one_is_taken_back(
    open_setup: OpenSetup, backend: FakeBackend
) -> None:
    page = open_setup()
    page.get_by_role("button", name="+ Zone").click()
    backend.drawing.save(backend.drawing.held, "from elsewhere", by="ana")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Somebody saved another version meanwhile.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Version 2 was saved meanwhile")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Take back 1").click()
    expect(page.get_by_text("Version 1 holds again, as version 3.")).to_be_visible()
    assert backend.drawing.versions[-1]["note"] == "version 1 taken back"


def test_staff_look_and_do_not_draw(open_setup: OpenSetup) -> None:
    page = open_setup(role="staff")
    expect(page.get_by_text("You can look. Managers can draw.")).to_be_visible()
    expect(page.get_by_role("button", name="+ Line")).to_have_count(0)
    expect(page.get_by_role("button", name="Draw in the picture")).to_be_disabled()
    page.get_by_role("button", name="Line Main door. Arrow keys move it").focus()
    page.keyboard.press("ArrowRight")
    expect(field(page, "First end, Across")).to_have_value("17")


def test_a_link_cannot_slip_a_drawing_in(open_setup: OpenSetup, backend: FakeBackend) -> None:
    page = open_setup()
    page.evaluate("location.hash = '#store=corner-market&page=setup&word=guessed&drawn=q1YqSy1STMkvAgA'")
    expect(page.get_by_text("was not asked for by this page")).to_be_visible()
    expect(page.get_by_text("Nothing to save.")).to_be_visible()
    eventually(page, lambda: "drawn" not in page.url, "the address forgets the drawing")


@pytest.mark.parametrize(("width", "language", "scheme"), [(390, "zh-CN", "dark"), (1440, "en", "light")])
def test_it_fits_and_has_no_serious_finding(
    open_setup: OpenSetup, axe: Axe, width: int, language: str, scheme: str
) -> None:
    page = open_setup(width=width, language=language, color_scheme=scheme, bypass_csp=True)
    page.locator(".items button").first.click()
    expect(page.locator(".panel")).to_be_visible()
    expect_no_wider(page, width)
    assert axe(page) == []


@pytest.fixture(scope="module")
def call(browser: Any) -> Iterator[Callable[..., Any]]:
    fake = FakeBackend().start()
    page = browser.new_page()
    page.goto(fake.url)

    def call_it(module: str, name: str, *args: Any) -> Any:
        script = "async ([path, name, args]) => (await import(path))[name](...args)"
        return page.evaluate(script, [f"/static/app/setup/{module}", name, args])

    call_it.page = page  # type: ignore[attr-defined]
    yield call_it
    page.close()
    fake.stop()


def test_the_page_and_the_server_agree_on_what_crosses_and_what_is_flat(call: Callable[..., Any]) -> None:
    bow, square = [[0, 0], [2, 2], [2, 0], [0, 2]], [[0, 0], [2, 0], [2, 2], [0, 2]]
    assert [call("plane.js", "crossesItself", each) for each in (bow, square)] == [True, False]
    assert call("plane.js", "liesOnALine", [[0, 0], [1, 0], [2, 0], [1, 5]]) is True
    assert call("plane.js", "liesOnALine", square) is False
    there = call("plane.js", "mapped", [[2, 0, 1], [0, 2, 0], [0, 0, 1]], [1, 1])
    back = call("plane.js", "mapped", call("plane.js", "inverse", [[2, 0, 1], [0, 2, 0], [0, 0, 1]]), there)
    assert (there, back) == ([3, 2], [1, 1])


def test_a_drawing_survives_the_way_in_an_address(call: Callable[..., Any]) -> None:
    drawing = {"lines": [{"id": f"l{n}", "name": "队列 🛒", "floor_m": [[n, 1.25], [2, 3]]} for n in range(300)]}
    text = call("carry.js", "packed", drawing)
    assert len(text) < 10_000
    assert call("carry.js", "unpacked", text) == drawing
    assert call("carry.js", "unpacked", text[:-9]) is None
    assert call("carry.js", "unpacked", "no such thing") is None


def test_what_is_drawn_in_a_matched_picture_gets_its_place_on_the_plan(call: Callable[..., Any]) -> None:
    """The picture is ten metres wide and eight deep; what lies beyond the plan stays in the picture alone."""
    view = {"camera": "cam", "homography": None, "zones": [], "queues": []}
    seen = [
        {"line": "near", "image": [[0.1, 0.5], [0.6, 0.5]], "in_side": "right"},
        {"line": "far", "image": [[0.1, 0.5], [0.95, 0.5]], "in_side": "left"},
    ]
    lines = [{"id": name, "name": name, "floor_m": None, "in_side": None} for name in ("near", "far")]
    drawing = {"lines": lines, "zones": [], "lanes": [], "queues": [], "slots": [], "cameras": [view | {"lines": seen}]}
    script = """async (drawing) => {
      const { placedOnFloor } = await import("/static/app/setup/drawing.js");
      return placedOnFloor(drawing, "cam", ([x, y]) => [x * 10, y * 8], [9, 8]).lines;
    }"""
    placed = call.page.evaluate(script, drawing)  # type: ignore[attr-defined]
    assert [(each["floor_m"], each["in_side"]) for each in placed] == [([[1, 4], [6, 4]], "right"), (None, None)]


def test_names_that_would_lie_over_each_other_are_left_out_but_the_selected_ones(call: Callable[..., Any]) -> None:
    script = """async (selected) => {
      const { namedKeys } = await import("/static/app/setup/labels.js");
      const fit = { fullPx: [900, 500], toPx: (at) => at };
      const shape = (key, x) => ({ key, name: `Aisle ${key}`, points: [[x, 100], [x + 20, 300]] });
      return [...namedKeys([shape("a", 400), shape("b", 420), shape("c", 500)], selected, fit)].sort();
    }"""
    named = [call.page.evaluate(script, selected) for selected in (None, "b")]  # type: ignore[attr-defined]
    assert named == [["a", "c"], ["b", "c"]]


def test_what_no_camera_measures_says_so_and_offers_the_nearest_one(
    open_setup: OpenSetup, backend: FakeBackend
) -> None:
    page = open_setup()
    page.get_by_role("button", name="+ Line").click()
    expect(page.locator(".panel")).to_contain_text("No camera measures it, so nothing is counted here.")
    page.get_by_role("button", name="Take cam-1, which measures what is nearest").click()
    expect(page.get_by_role("combobox", name="Measured by")).to_have_value("cam-1")
    expect(page.locator(".panel")).not_to_contain_text("No camera measures it")
    save(page, 2)
    assert backend.drawing.held["cameras"][0]["lines"][-1]["line"] == "line-3"
