"""Planograms as CSV: what is taken, and what is refused with line, column and remedy."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.planogram.entry import PlanogramEntry, PlanogramError, SharedEntry, laid_on, mistakes_between
from storesense_backend.planogram.table import read_planogram, write_planogram
from storesense_contracts.layout import StoreLayout

HEAD = "slot,sku,product,facings,capacity_units,unit_weight_g,unit_weight_tolerance_g,minimum_units,reorder_point_units"
GOOD = f"{HEAD}\ns1,oat-1l,Oat milk 1 l,3,14,1030,20,1,3\ns2,rye,Rye bread,,8,500,,,2\n"


def mistakes(text, slots=("s1", "s2")):
    with pytest.raises(PlanogramError) as refused:
        read_planogram(text, slots)
    return [(each.line, each.column, each.text) for each in refused.value.mistakes]


def test_a_planogram_is_read_with_its_defaults():
    assert read_planogram(GOOD, ["s2", "s1"]) == (
        PlanogramEntry("s1", "oat-1l", "Oat milk 1 l", 3, 14, 1030.0, 20.0, 1, 3),
        PlanogramEntry("s2", "rye", "Rye bread", 1, 8, 500.0, None, 0, 2),
    )


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace(",", "\t"),
        GOOD.replace("1030,", "1030.0,").replace(",", ";").replace("1030.0", "1030,0"),
        GOOD.replace("\n", "\r\n") + "\r\n,,,\r\n",
        GOOD.replace("Oat milk 1 l", '"Oat milk 1 l"').replace("slot,sku", "SLOT , Sku"),
    ],
    ids=["byte-order mark", "tabs", "semicolons and decimal commas", "blank lines", "quotes, spaces and capitals"],
)
def test_what_spreadsheets_write_is_understood(text):
    assert read_planogram(text, ["s1", "s2"]) == read_planogram(GOOD, ["s1", "s2"])


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "said"),
    [
        ("s2,rye", "s1,rye", 3, "slot", "holds oat-1l (line 2) and rye too"),
        ("s2,rye", "s9,rye", 3, "slot", "has no slot 's9'"),
        (",500,", ",0,", 3, "unit_weight_g", "above 0"),
        (",500,", ",-5,", 3, "unit_weight_g", "above 0"),
        (",500,", ",half a kilo,", 3, "unit_weight_g", "is no number"),
        (",500,", ",nan,", 3, "unit_weight_g", "is no number"),
        (",500,", ",,", 3, "unit_weight_g", "is empty"),
        (",8,", ",-8,", 3, "capacity_units", "whole number from 1 up"),
        (",8,", ",8.5,", 3, "capacity_units", "is no number"),
        (",,,2\n", ",,,8\n", 3, "reorder_point_units", "must be below capacity_units"),
        (",,,2\n", ",,3,2\n", 3, "minimum_units", "must not be above reorder_point_units"),
        (",,,2\n", ",250,,2\n", 3, "unit_weight_tolerance_g", "below half a unit"),
        (",,,2\n", ",,,2,7\n", 3, None, "1 fields too many"),
        ("s2,rye", "s2,r/ye", 3, "sku", "letters, digits"),
        ("Rye bread", '"Rye bread', 3, None, "is no CSV"),
        ("s2,rye", "s2,oat-1l", 3, "unit_weight_g", "weighs 500 g here and 1030 g in slot 's1'"),
        ("s2,rye,Rye bread,,8,500,,,2\n", "", None, None, "nothing is said of s2"),
        ("slot,sku", "sku,sku", 1, "sku", "stands twice"),
        ("slot,sku", "shelf,sku", 1, "shelf", "is no column"),
    ],
)
def test_each_mistake_is_told_with_line_column_and_remedy(old, new, line, column, said):
    assert old in GOOD
    found = mistakes(GOOD.replace(old, new))
    assert any((at, name) == (line, column) and said in text for at, name, text in found), found


def test_all_mistakes_are_told_at_once():
    found = mistakes(GOOD.replace(",14,", ",-1,").replace(",500,", ",0,"))
    assert [(line, column) for line, column, _ in found] == [(2, "capacity_units"), (3, "unit_weight_g")]


@pytest.mark.parametrize("text", ["", "\n", "{}", "\x00", HEAD])
def test_what_is_no_planogram_is_refused(text):
    assert mistakes(text)


names = st.text(string.printable[:95] + "äß酒", min_size=1, max_size=30).map(str.strip).filter(bool)
skus = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")


@st.composite
def planograms(draw):
    slots = sorted(draw(st.sets(skus, min_size=1, max_size=6)))
    entries = []
    for number, slot in enumerate(slots):
        capacity = draw(st.integers(1, 1000))
        reorder = draw(st.integers(0, capacity - 1))
        weight = draw(st.floats(0.1, 99_999))
        tolerance = draw(st.none() | st.floats(0.01, 0.49).map(lambda share, weight=weight: share * weight))
        minimum = draw(st.integers(0, reorder))
        sku = f"{number}{draw(skus)}"
        entries.append(
            PlanogramEntry(
                slot, sku, draw(names), draw(st.integers(1, 50)), capacity, weight, tolerance, minimum, reorder
            )
        )
    return tuple(entries)


@given(planograms())
def test_what_is_written_is_read_back(entries):
    text = write_planogram(entries)
    assert read_planogram(text, [entry.slot_id for entry in entries]) == entries
    assert not any(line.startswith(("=", "+", "-", "@")) for line in text.splitlines())


@given(st.text(max_size=200))
def test_no_text_does_worse_than_a_refusal(text):
    with pytest.raises(PlanogramError):
        read_planogram(f"{HEAD}\n{text}", ["s1"])


def test_entries_that_came_without_lines_are_checked_too():
    entry = PlanogramEntry("s1", "a", "A", 1, 5, 10.0, None, 0, 1)
    told = [str(each) for each in mistakes_between([entry, entry], [None, None], ["s1"])]
    assert len(told) == 1
    assert told[0].startswith("column slot: slot 's1' holds a and a too")


SHARED = (
    f"{HEAD},place\ns1,oat-1l,Oat milk 1 l,3,14,1030,20,1,3,\n"
    "s1,soy-1l,Soy milk 1 l,,6,1050,20,0,1,2\ns2,rye,Rye bread,,8,500,,,2,1\n"
)
SOY = SharedEntry("soy-1l", "Soy milk 1 l", 6, 1050.0, 20.0, 0, 1)


def test_products_that_share_a_plate_are_read_and_written():
    entries = read_planogram(SHARED, ["s1", "s2"])
    assert [(entry.sku, entry.also) for entry in entries] == [("oat-1l", (SOY,)), ("rye", ())]
    text = write_planogram(entries)
    assert text.splitlines()[2] == "s1,soy-1l,Soy milk 1 l,,6,1050,20,0,1,2"
    assert read_planogram(text, ["s1", "s2"]) == entries
    assert "place" not in write_planogram(read_planogram(GOOD, ["s1", "s2"])), "nobody need know of it who needs it not"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("0,1,2\n", "0,1,\n", 3, "If both lie on one plate, say so"),
        ("0,1,2\n", "0,1,7\n", 3, "places 1 to 5"),
        ("0,1,2\n", "0,1,3\n", 3, "a place before it is missing"),
        ("s1,soy-1l", "s2,oat-1l", 4, "weighs 1050 g here and 1030 g in slot"),
        ("s1,soy-1l", "s1,oat-1l", 3, "has each product once"),
        ("s1,soy-1l", "s3,soy-1l", 3, "has no product at place 1"),
        (",6,1050,", ",-6,1050,", 3, "whole number from 1 up"),
        (",6,1050,", ",6,0,", 3, "above 0"),
        (",6,1050,", ",6,1.05,", 3, "below half a unit"),
    ],
)
def test_what_is_wrong_with_a_shared_plate_is_named_with_its_line(old, new, line, said):
    found = mistakes(SHARED.replace(old, new))
    assert any(said in text and at == line for at, _, text in found), found


def test_shared_products_lie_on_the_layout(small_layout):
    laid = laid_on(small_layout, read_planogram(SHARED, ["s1", "s2"]))
    assert [(slot.product.sku, [each.sku for each in slot.also]) for slot in laid.slots] == [
        ("oat-1l", ["soy-1l"]),
        ("rye", []),
    ]


@pytest.fixture
def small_layout():
    slots = [
        {"id": slot_id, "name": slot_id, "section": "a", "capacity_units": 5, "reorder_point_units": 1,
         "product": {"sku": "old", "name": "Old", "unit_weight_g": 100}}
        for slot_id in ("s1", "s2")
    ]  # fmt: skip
    return StoreLayout.model_validate(
        {"id": "shop", "name": "Shop", "time_zone": "Europe/Berlin", "floor": {"size_m": [10, 6]},
         "sections": [{"id": "a", "name": "A"}], "slots": slots}
    )  # fmt: skip
