"""What a store file must not say: each mistake is refused with what, where and on which line.

The store that is spoilt is the small one of the documentation, so that it is known to be sound.
"""

import re

import pytest

from storesense_contracts.yaml_file import FileError
from storesense_simulators.twin.load_shop import UnknownStoreError, load_shop, store_names

LANE = (
    "    - {id: till, name: Till, counter_m: [[4.4, 1.6], [5.0, 2.8]], customer_m: [4.0, 2.2], cashier_m: [5.4, 2.2]}"
)
CAMERA = "  - {id: camera, at_m: [5.6, 0.4], heading_deg: 135}"
WALL = "    - [[2, 4.6], [0.1, 4.6], [0.1, 0.1], [5.9, 0.1], [5.9, 4.6], [3.4, 4.6]]"
DOOR = "at_m: [[2, 4.6], [3.4, 4.6]]"
DEN = "{id: den, name: Den, at_m: [[4, 3], [5, 4]], staff_only: true}"
HOURS = 'hours: {mon-sat: "06:00-20:00"}'


def shift(begins, ends):
    return HOURS + f'\nstaff: {{shifts: [{{id: day, days: mon-sat, begins: "{begins}", ends: "{ends}", staff: 2}}]}}'


@pytest.fixture(scope="module")
def kiosk(repo_dir):
    page = (repo_dir / "docs" / "reference" / "twin-store-file.md").read_text()
    return re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]


MISTAKES = [
    # what is changed, into what, on which line the mistake is then, what is said, and why it is here
    (
        "at_m: [[0.2, 0.2], [3.4, 0.7]]",
        "at_m: [[0.2, -0.4], [3.4, 0.7]]",
        14,
        "outside the floor",
        "shelf off the plan",
    ),
    (WALL, WALL + "\n    - [[2, 0.1], [2, 1]]", 15, "goes through the wall", "a wall cuts a shelf in two"),
    (WALL, WALL + "\n    - [[1, 0.4], [2, 0.4]]", 15, "goes through the wall", "a wall that ends inside a shelf"),
    (WALL, WALL + "\n    - [[0.1, 3.4], [5.9, 3.4]]", 9, "leads nowhere", "a wall between the door and all else"),
    (WALL, WALL + "\n    - [[2, 4.6], [3.4, 4.6]]", 9, "walled up", "the outer wall was closed"),
    (
        "aisles:",
        "fixtures: [{id: box, at_m: [[2, 3.3], [3.4, 4.2]]}]\naisles:",
        8,
        "something stands in the way",
        "a pallet just inside",
    ),
    (DOOR, DOOR + ", line_m: [[1.8, 4.0], [3.6, 4.0]]", None, None, "a door's line is a step inside"),
    (DOOR, DOOR + ", line_m: [[2.2, 4.0], [3.2, 4.0]]", 8, "less than the opening", "people walk round its ends"),
    (DOOR, DOOR + ", line_m: [[1.8, 4.8], [3.6, 4.8]]", 8, "on the street", "no camera sees out there"),
    (DOOR, DOOR + ", line_m: [[2.7, 4.5], [2.7, 2.9]]", 8, "along the way in", "nobody who comes in crosses it"),
    (DOOR, DOOR + ", line_m: [[4.0, 0.3], [5.6, 0.3]]", 8, "4.8 m from the opening", "others cross it as well"),
    (DOOR, DOOR + ", line_m: [[-0.4, 4.0], [3.6, 4.0]]", 8, "outside the floor", "off the plan"),
    (DOOR, DOOR + ", line_m: [[0.05, 4.0], [3.6, 4.0]]", 8, "goes through a wall", "its end is in the wall"),
    (
        DOOR,
        DOOR + ", line_m: [[2.0, 2.2], [4.7, 2.2]]",
        8,
        "goes through the counter of lane 'till'",
        "nobody crosses where a counter stands",
    ),
    ("customer_m: [4.0, 2.2], ", "", 21, "lane 'till' has no till", "nobody knows where its customer stands"),
    (
        LANE,
        "    - {id: till, name: Till, kind: self_checkout}",
        21,
        "no till; give stations_m",
        "scanners without places",
    ),
    ("customer_m: [4.0, 2.2]", "customer_m: [4.7, 2.2]", 21, "nobody can stand at the till", "inside the counter"),
    ("cashier_m: [5.4, 2.2]", "cashier_m: [5.4, 0.4]", None, None, "a cashier further off is odd but can get there"),
    (
        WALL,
        WALL + "\n    - [[4.2, 0.1], [4.2, 4.6]]",
        22,
        "the cashier's place of lane 'till', [5.4, 2.2], cannot be reached",
        "cut off",
    ),
    (
        "aisles:",
        "fixtures: [{id: box, at_m: [[4.5, 1.5], [5.2, 2]]}]\naisles:",
        22,
        "the counter of lane 'till' overlaps fixture 'box'",
        "a counter in a box",
    ),
    (
        LANE,
        LANE + "\n    - {id: spare, name: S, kind: self_checkout, stations_m: [[1, 4]]}",
        22,
        "nobody can queue for lane 'spare'",
        "a lane that no queue names",
    ),
    ("lanes: [till]", "lanes: [tilt]", 23, "there is no lane 'tilt'; expected one of till", "a slip of the pen"),
    (
        "[[3.3, 2.9], [1.0, 2.9]]",
        "[[2.0, 2.0], [2.0, 0.5]]",
        23,
        "nobody can stand at queue 'queue'",
        "people would wait in a shelf",
    ),
    ("[1.0, 2.9]]}", "[-2.0, 2.9]]}", 23, "outside the floor", "people would wait in the street"),
    (WALL, WALL + "\n    - [[2.2, 2.5], [2.2, 3.2]]", 24, "on both sides of a wall", "a wall through the line"),
    (
        "aisles:",
        "fixtures: [{id: box, at_m: [[1, 0.5], [2, 1]]}]\naisles:",
        9,
        "overlaps shelf 'sweets'",
        "box in a shelf",
    ),
    (
        "aisles:",
        "fixtures: [{id: box, at_m: [[0.3, 0.75], [3.4, 1.5]]}]\naisles:",
        18,
        "nobody can stand at the spot before 'Salted crisps 175 g'",
        "goods nobody gets at",
    ),
    (CAMERA, CAMERA.replace("5.6", "6.6"), 25, "camera 'camera' is outside the floor", "it hangs in the street"),
    (CAMERA, CAMERA + "\n" + CAMERA.replace("camera,", "two,"), 25, "both own a part of the floor", "counted twice"),
    (CAMERA, CAMERA + "\n" + CAMERA, 26, "the id 'camera' stands twice among devices", "twin devices"),
    (CAMERA, CAMERA.replace("camera,", "tills,"), 25, "'tills' stands twice among devices", "the lanes' own device"),
    (HOURS, 'hours: {mon-sat: "20:00-06:00"}', 26, "closes at or before it opens", "times out of order"),
    (HOURS, 'hours: {mon-sat: "06:00-12:00 11:00-20:00"}', 26, "begins before the span ahead", "spans out of order"),
    (HOURS, 'hours: {sat-mon: "06:00-20:00"}', 26, "goes backwards", "a week runs from mon to sun"),
    (HOURS, 'hours: {mon-fri: "06:00-20:00", fri: "06:00-22:00"}', 26, "fri has hours twice", "which is meant?"),
    (HOURS, "hours: {all: closed}", 26, "never open", "a store without a day"),
    (HOURS, shift("14:00", "06:00"), 27, "at or before it begins", "a shift out of order"),
    (HOURS, shift("02:30", "20:00"), 27, "by more than three hours", "a shift hours before opening"),
    (HOURS, shift("06:00", "14:00"), 27, "nobody works on mon at 14:00", "an afternoon without staff"),
    (
        HOURS,
        HOURS + "\nstaff: {lanes_open: {9: 3}}",
        27,
        "3 lanes cannot be open: 1 are staffed",
        "more than there are",
    ),
    ("3/20, 6]", "3/400, 6]", 17, "beyond the load cell's 20.0 kg", "74 kg on a cell for 20"),
    (
        "3/20, 6]\n      - [2002, Dark chocolate 100 g, 105.5, 3/30, 6]",
        "3/20, 0]\n      - [2002, Dark, 105.5, 3/30, 0]",
        17,
        "popularities|popularity above 0",
        "nobody would want anything",
    ),
    ("- [2001, Salted crisps 175 g, 186, 3/20, 6]", "- [2001, Crisps, 186, lots]", 17, "no facings/capacity", "a word"),
    ("- [2001, Salted crisps 175 g, 186, 3/20, 6]", "- [2001, Crisps, 186]", 17, "a row is", "too short"),
    (
        "- [2001, Salted crisps 175 g, 186, 3/20, 6]",
        "- {sku: a, name: A, g: 10, holds: 1/5, reorder_point: 5}",
        17,
        "must be below its capacity",
        "always low",
    ),
    (
        "- [2001, Salted crisps 175 g, 186, 3/20, 6]",
        "- {sku: a, name: A, g: 10, holds: 1/5, first_units: 6}",
        17,
        "cannot stand where 5 have room",
        "more than it holds",
    ),
    (
        "- [2001, Salted crisps 175 g, 186, 3/20, 6]",
        "- {sku: a, name: A, g: 10, holds: 1/5, slot: sweets-2}",
        18,
        "'sweets-2' stands twice among slots",
        "a slot's own id meets another's",
    ),
    (
        "at_m: [[0.7, 0.7], [3.4, 2.6]]",
        "at_m: [[0.7, 0.7], [3, 2], [3, 0.7], [0.7, 2.6]]",
        10,
        "crosses itself",
        "a bow tie",
    ),
    ("at_m: [[0.7, 0.7], [3.4, 2.6]]", "at_m: [[0.7, 0.7], [3.4, 0.7]]", 10, "has no area", "a line is no area"),
    (
        "demand: {",
        "habits: {zone_visits: [{zone: attic, share: 1, stay_s: 9}]}\ndemand: {",
        27,
        "'attic'",
        "no such zone",
    ),
    (
        "demand: {",
        f"areas: [{DEN}]\nhabits: {{zone_visits: [{{zone: den, share: 1, stay_s: 9}}]}}\ndemand: {{",
        28,
        "no customer visits area 'den'",
        "customers stay out of where only staff go",
    ),
    (
        "aisles:",
        f"areas: [{DEN}]\naisles:",
        None,
        None,
        "an area for staff",
    ),
    (
        "aisles:\n",
        f"aisles:\n  - {DEN}\n",
        10,
        "no such key is known here",
        "an aisle is for customers",
    ),
    (
        "demand: {",
        "faults: {schedule: [{kind: cell_bumped, target: camera, after_s: 1, lasts_s: 1}]}\ndemand: {",
        27,
        "there is no weighed slot 'camera'",
        "a camera has no load cell",
    ),
    ("demand: {", "habits: {browse_s: [9, 2, 12, 60]}\ndemand: {", 27, "lowest <= mean <= highest", "a spread askew"),
    ("name: Kiosk,", "name: Kiosk, colour: red,", 2, "no such key is known here", "a key from elsewhere"),
    ("Europe/Berlin", "Europe/Bonn", 2, "is no time zone", "unknown zone"),
    ("    faces: down\n", "    faces: up\n", 17, "nobody can stand at the spot before", "a shelf that faces its wall"),
]


@pytest.mark.parametrize(("old", "new", "line", "said", "reason"), MISTAKES, ids=[case[4] for case in MISTAKES])
def test_what_cannot_be_is_refused_with_its_line(old, new, line, said, reason, tmp_path, kiosk):
    assert kiosk.count(old) == 1, reason
    path = tmp_path / "kiosk.yaml"
    path.write_text(kiosk.replace(old, new))
    if said is None:
        assert load_shop(path).store_id == "kiosk"
        return
    with pytest.raises(FileError) as refused:
        load_shop(path)
    found = [(problem.line, problem.message) for problem in refused.value.problems]
    wanted = said.split("|")
    assert any(at == line and any(words in message for words in wanted) for at, message in found), found


def test_the_kiosk_itself_is_sound(tmp_path, kiosk):
    path = tmp_path / "kiosk.yaml"
    path.write_text(kiosk)
    shop = load_shop(path)
    assert [place.slot_id for place in shop.places] == ["sweets-1", "sweets-2"]
    assert len(kiosk.splitlines()) <= 60


def test_all_mistakes_of_a_kind_are_told_at_once_in_the_files_order(tmp_path, kiosk):
    path = tmp_path / "kiosk.yaml"
    text = kiosk.replace("[5.6, 0.4]", "[5.6, 40]").replace("[[0.2, 0.2]", "[[0.2, -9]")
    path.write_text(text)
    with pytest.raises(FileError) as refused:
        load_shop(path)
    lines = [problem.line for problem in refused.value.problems]
    assert lines == sorted(lines)
    assert {14, 25} <= set(lines)


def test_an_unknown_store_is_told_which_there_are():
    with pytest.raises(UnknownStoreError, match="convenience, fashion, supermarket"):
        load_shop("hypermarket")
    assert store_names() == ("convenience", "fashion", "supermarket")
