"""Setting a slot up: when a cell rests, whether it is good enough to count by, and the conversation that finds out."""

import json
import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from storesense_contracts.clock import ManualClock
from storesense_contracts.layout import Product, Slot
from storesense_contracts.site import load_site
from storesense_edge.shelf.calibration import KnownMass, fit_calibration
from storesense_edge.shelf.errors import CalibrationError
from storesense_edge.shelf.setup import (
    Rest,
    SetupError,
    SlotVerdict,
    checked_mass_g,
    checked_unit_weight_g,
    fitness_of,
    rest_of,
)
from storesense_edge.shelf.setup_dialogue import SetupProgress, set_up
from storesense_edge.shelf.source import LoadCellSample
from storesense_edge.shelf_setup_command import set_up_slot

T0 = datetime(2026, 11, 20, tzinfo=UTC)
SLOT = Slot(
    id="s1",
    name="Shelf 1",
    section="x",
    product=Product(sku="oat", name="Oat milk", unit_weight_g=500),
    capacity_units=12,
    reorder_point_units=3,
)


def samples(values, period_s=0.1):
    return [LoadCellSample(T0 + timedelta(seconds=n * period_s), value) for n, value in enumerate(values)]


def noisy(level, count=30, sigma=50.0, seed=1):
    rng = random.Random(seed)  # noqa: S311
    return [rng.gauss(level, sigma) for _ in range(count)]


def test_a_still_cell_rests():
    rest = rest_of(samples(noisy(84_000)))
    assert rest.raw_counts == pytest.approx(84_000, abs=50)
    assert rest.noise_counts == pytest.approx(50, rel=0.5)


@pytest.mark.parametrize(
    "found",
    [
        samples(noisy(0, 10)),
        samples([*noisy(0, 15), *noisy(5_000, 15)]),
        samples([200.0 * n for n in range(30)]),
        samples(noisy(0, 5), 1.0),
        [],
    ],
    ids=["too short", "a step", "a climb", "too few", "nothing"],
)
def test_what_is_no_rest(found):
    assert rest_of(found) is None


def test_a_slow_scale_with_whole_grams_rests_too():
    assert rest_of(samples([512.0] * 8, 0.5)) == Rest(512.0, 0.0)


@pytest.mark.parametrize(("values", "said"), [([math.nan] * 20, "overloaded"), ([2**23 - 1] * 30, "end of its span")])
def test_a_cell_that_cannot_weigh_is_named(values, said):
    with pytest.raises(SetupError, match=said):
        rest_of(samples(values))


@pytest.mark.parametrize(
    ("noise_g", "unit_g", "verdict"),
    [
        (0.3, 500.0, "good"),
        (20.0, 50.0, "usable"),
        (10.0, 20.0, "poor"),
        (10.0, 27.0, "usable"),
        (10.0, 39.0, "good"),
    ],
)
def test_the_verdict_weighs_noise_against_a_unit(noise_g, unit_g, verdict):
    fit = fit_calibration([KnownMass(0, 0), KnownMass(500, 215_000), KnownMass(1000, 430_010)])
    found = fitness_of(fit, Rest(0, noise_g * 430), unit_weight_g=unit_g, unit_sigma_g=0.0, capacity_units=10)
    assert found.noise_g == pytest.approx(noise_g, rel=0.01)
    expected = math.erfc(unit_g / 2 / (noise_g / 2) / math.sqrt(2))
    assert found.pick_miscount == pytest.approx(expected, rel=0.05, abs=1e-12)
    assert found.verdict is SlotVerdict(verdict)


def test_units_that_vary_make_a_full_slot_hard_to_count():
    fit = fit_calibration([KnownMass(0, 0), KnownMass(500, 215_000), KnownMass(1000, 430_010)])
    found = fitness_of(fit, Rest(0, 50), unit_weight_g=100.0, unit_sigma_g=10.0, capacity_units=40)
    assert found.pick_miscount < 0.001 < found.full_miscount


@pytest.mark.parametrize("text", ["500", " 500 g", "500,0", "500.0G"])
def test_masses_as_people_type_them(text):
    assert checked_mass_g(text) == 500.0
    assert checked_mass_g("0,5 kg") == checked_mass_g("0.5KG") == 500.0


@pytest.mark.parametrize("text", ["", "0", "-5", "half", "nan", "inf", "5 lb", "kg", "1e9"])
def test_what_is_no_mass(text):
    with pytest.raises(CalibrationError, match="no mass in grams"):
        checked_mass_g(text)


@pytest.mark.parametrize(
    ("measured_g", "said"),
    [
        (500_000.0, "1,000 times"),
        (0.5, "a thousandth of"),
        (500 * 453.6, "454 times"),
        (1.1, "1/454 of"),
        (700.0, "Check the product"),
        (-500.0, "turned round"),
    ],
)
def test_a_product_that_weighs_something_else_is_told(measured_g, said):
    with pytest.raises(SetupError, match=said):
        checked_unit_weight_g(measured_g, 500.0)


class Person:
    """Somebody who answers from a list."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.said = []

    def say(self, text):
        self.said.append(text)

    def ask(self, text):
        self.said.append(text)
        if not self.answers:
            raise SetupError("Nobody answers any more.")
        return self.answers.pop(0)


class Loads:
    """A cell on which lies what the list says, whatever the person was asked to put there."""

    def __init__(self, *loads_g):
        self.loads_g = list(loads_g)

    def rest(self, _load_g):
        return Rest(84_000 + 430.0 * self.loads_g.pop(0), 50.0)


def lead(person, cell, progress=None, **more):
    kept = []
    return set_up(SLOT, cell, person, progress or SetupProgress(slot_id="s1"), kept.append, **more), kept


def test_a_setup_from_empty_to_verdict():
    person = Person("", "500", "1000", "", "6", "")
    result, kept = lead(person, Loads(0, 500, 1000, 3000, 2500))
    assert result.fit.calibration.counts_per_g == pytest.approx(430)
    assert result.fitness.verdict is SlotVerdict.GOOD
    assert result.picked_g == pytest.approx(500)
    assert [len(each.masses) for each in kept] == [0, 1, 2]
    assert "good to count by" in person.said[-1]


def test_masses_typed_in_kilograms_are_noticed_and_asked_for_again():
    person = Person("", "0.5", "500", "", "6", "")
    result, _ = lead(person, Loads(0, 500, 500, 3000, 2500))
    assert any("not in grams" in text for text in person.said)
    assert result.fit.calibration.counts_per_g == pytest.approx(430)


def test_a_wrong_mass_a_wrong_product_and_a_wrong_pick_are_asked_for_again():
    person = Person("", "", "x", "500", "500", "1000", "", "none", "6", "6", "", "")
    loads = Loads(0, 500, 500, 1000, 4800, 3000, 1900, 2500)
    result, _ = lead(person, loads)
    told = " ".join(person.said)
    for each in (
        "One mass at least",
        "no mass in grams",
        "whole number from 2",
        "Check the product",
        "is not one unit",
    ):
        assert each in told
    assert result.picked_g == pytest.approx(500)


def test_an_interrupted_setup_goes_on_where_it_stopped():
    first = Person("", "500")
    kept = []
    with pytest.raises(SetupError):
        set_up(SLOT, Loads(0, 500), first, SetupProgress(slot_id="s1"), kept.append)
    result, _ = lead(Person("", "6", ""), Loads(3000, 2500), kept[-1])
    assert result.fit.calibration.zero_counts == pytest.approx(84_000)


def test_a_scale_in_another_unit_is_noticed():
    class Kilograms(Loads):
        def rest(self, _load_g):
            return Rest(self.loads_g.pop(0) / 1000, 0.0)

    person = Person("", "500")
    with pytest.raises(SetupError, match="Nobody"):
        set_up(SLOT, Kilograms(0, 500), person, SetupProgress(slot_id="s1"), lambda _: None, is_scale=True)
    assert any("set the unit of the scale" in text for text in person.said)


SITE = """\
version: 1
store:
  id: shop
  name: Shop
  time_zone: Europe/Berlin
  floor: {size_m: [10, 6]}
  sections: [{id: x, name: X}]
  slots:
    - {id: s1, name: Shelf 1, section: x, product: {sku: oat, name: Oat milk, unit_weight_g: 500}, capacity_units: 12,
       reorder_point_units: 3}
devices:
  - {kind: shelf, id: shelf-1, slots: [{slot: s1, source: {kind: simulated}}]}
"""


def test_the_command_rehearses_without_hardware_and_its_yaml_fits_the_site_file(tmp_path, capsys):
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    person = Person("", "500", "2000", "", "6", "")
    arguments = {"state_path": None, "dialogue": person, "clock": ManualClock(T0)}
    assert set_up_slot(site, "s1", prints_json=True, **arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "good"
    assert told["calibration"]["counts_per_g"] == pytest.approx(430, rel=0.01)
    assert "rehearsal" in person.said[0]
    assert list(tmp_path.iterdir()) == [site], "the file of progress is gone"
    person.answers = ["", "500", "2000", "", "6", ""]
    set_up_slot(site, "s1", prints_json=False, **arguments)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    site.write_text(SITE.replace("source: {kind: simulated}", f"source: {{kind: simulated}}, {line}"))
    assert load_site(site).devices[0].slots[0].calibration.counts_per_g == pytest.approx(430, rel=0.01)


def test_the_command_keeps_progress_and_refuses_what_is_not_there(tmp_path, capsys):
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    arguments = {"state_path": None, "prints_json": True, "clock": ManualClock(T0)}
    with pytest.raises(SetupError):
        set_up_slot(site, "s1", dialogue=Person("", "500"), **arguments)
    person = Person("", "6", "")
    assert set_up_slot(site, "s1", dialogue=person, **arguments) == 0
    assert "Going on where" in person.said[0]
    with pytest.raises(Exception, match="no shelf of this site weighs slot 's9'"):
        set_up_slot(site, "s9", dialogue=Person(), **arguments)
    (tmp_path / "site.s1.setup.json").write_text("{")
    with pytest.raises(Exception, match="delete it to begin anew"):
        set_up_slot(site, "s1", dialogue=Person(), **arguments)
