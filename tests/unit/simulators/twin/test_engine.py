"""The twin as a whole: the same truth again, nobody in a shelf or stuck, nothing lost."""

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.control import AdviceControl, Control
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.errors import NaiveTimeError
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.movement import STEP_MS
from storesense_simulators.twin.plane import is_inside
from storesense_simulators.twin.readings_depth import ReadingSensors
from storesense_simulators.twin.shop import CountingLine, Point, Shop
from storesense_simulators.twin.shop_people import Habits, Shift
from storesense_simulators.twin.shoppers import ShoppingLists, Trip
from storesense_simulators.twin.truth import TruthEvent, TruthKind, TruthWriter

MONDAY_AT_TEN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # 10:00 in Berlin
QUARTER_MS = 15 * 60_000
GOLDEN_SHA256 = "643163b0c333dd6befa2bbe7fef453ed002c50fffafa2f1181c896dc49bf86c9"


@cache
def corner_shop() -> Shop:
    return load_shop("convenience")


def busy(shop: Shop, factor: float) -> Shop:
    """The same shop with so many times as many visitors."""
    week = tuple(tuple(factor * rate for rate in day) for day in shop.demand.visitors_per_h)
    return replace(shop, demand=replace(shop.demand, visitors_per_h=week))


def with_habits(shop: Shop, **habits: object) -> Shop:
    changed: Habits = replace(shop.habits, **habits)  # type: ignore[arg-type]
    return replace(shop, habits=changed)


def truth_of(shop: Shop, *, seed: int, lasts_ms: int, control: Control | None = None) -> list[TruthEvent]:
    twin = Twin(shop, seed=seed, began_at=MONDAY_AT_TEN, control=control)
    return [event for events in twin.run_until(lasts_ms) for event in events]


def sha256_of(events: Sequence[TruthEvent]) -> str:
    writer = TruthWriter()
    writer.write(events)
    return writer.sha256


class Watched:
    """Three busy quarters of an hour, and what was seen of it step by step."""

    def __init__(self) -> None:
        self.shop = with_habits(busy(corner_shop(), 2.5), thieves_per_day=36.0)
        self.twin = Twin(self.shop, seed=5, began_at=MONDAY_AT_TEN)
        self.events: list[TruthEvent] = []
        self.in_shelves: list[tuple[int, float, float]] = []
        self.longest_stuck_s = 0.0
        self.steps_m: list[float] = []
        for events in self.twin.run_until(3 * QUARTER_MS):
            self.events += events
            people = self.twin.people
            self.longest_stuck_s = max(self.longest_stuck_s, self.twin.longest_stuck_s)
            for row in people.rows.tolist():
                x, y = float(people.at[0, row]), float(people.at[1, row])
                if any(is_inside(solid, (x, y)) for solid in self.shop.obstacles):
                    self.in_shelves.append((self.twin.now_ms, x, y))
                dx, dy = people.at[:, row] - people.before[:, row]
                self.steps_m.append(float(dx * dx + dy * dy) ** 0.5)

    def of_kind(self, *kinds: TruthKind) -> list[TruthEvent]:
        return [event for event in self.events if event.kind in kinds]


@cache
def watched() -> Watched:
    return Watched()


def test_the_same_seed_gives_the_same_truth_and_another_one_another() -> None:
    shop = busy(corner_shop(), 3.0)
    first = sha256_of(truth_of(shop, seed=7, lasts_ms=QUARTER_MS))
    assert sha256_of(truth_of(shop, seed=7, lasts_ms=QUARTER_MS)) == first
    assert sha256_of(truth_of(shop, seed=8, lasts_ms=QUARTER_MS)) != first


def test_the_truth_of_a_quarter_of_an_hour_is_the_same_on_every_machine() -> None:
    events = truth_of(busy(corner_shop(), 3.0), seed=7, lasts_ms=QUARTER_MS)
    kinds = {event.kind for event in events}
    assert {TruthKind.PICKED, TruthKind.SERVICE_ENDED, TruthKind.LEFT} <= kinds
    found = sha256_of(events)
    assert found == GOLDEN_SHA256, (
        f"the truth's hash is {found} over {len(events)} events. If the twin, its dependencies or the convenience "
        "store were changed on purpose, look at what changed in the truth and put the new hash in. If nothing was "
        "changed but the machine, the truth depends on the machine, which it must not: look for functions whose last "
        "bit differs between processors (exp, sin, powers, sums in another order) and for the order of sets."
    )


def test_sensors_look_and_never_change_what_happens() -> None:
    shop = busy(corner_shop(), 3.0)
    expected = truth_of(shop, seed=7, lasts_ms=QUARTER_MS // 3)
    told = []
    for sensors_seed in (1, 2):
        twin = Twin(shop, seed=7, began_at=MONDAY_AT_TEN)
        sensors = ReadingSensors(shop, twin, seed=sensors_seed, started_ms=0)
        events, readings = [], []
        for step in twin.run_until(QUARTER_MS // 3):
            events += step
            readings += sensors.observe(step)
        assert events == expected
        told.append(readings)
    assert told[0] != told[1]


def test_whatever_staff_do_the_same_people_have_the_same_wants_patience_and_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[tuple[Trip, str]] = []
    draw = ShoppingLists.trip

    def noted(self: ShoppingLists, start: Point, dice: Dice) -> Trip:
        trip = draw(self, start, dice)
        drawn.append((deepcopy(trip), repr(dice.random())))  # the next number: nothing else was drawn in between
        return trip

    monkeypatch.setattr(ShoppingLists, "trip", noted)
    shop = busy(corner_shop(), 4.0)
    plain = truth_of(shop, seed=9, lasts_ms=QUARTER_MS)
    wants, drawn = drawn, []
    advice = AdviceControl(shop)
    advice.advise_lane(shop.queues[0].queue_id)
    for place in shop.places:
        advice.advise_restock(place.slot_id)
    advised = truth_of(shop, seed=9, lasts_ms=QUARTER_MS, control=advice)
    assert plain != advised
    assert len(wants) > 20
    assert drawn == wants
    with_trips = [trip for trip, _ in wants]
    assert len({trip.patience_ms for trip in with_trips}) > 10
    assert len({trip.service_factor for trip in with_trips}) > 10


def test_a_beginning_without_a_time_zone_is_refused() -> None:
    with pytest.raises(NaiveTimeError, match="names no time zone"):
        Twin(corner_shop(), seed=1, began_at=datetime(2026, 3, 2))  # noqa: DTZ001 -- that is the point


def test_a_closed_store_stays_empty() -> None:
    sunday_night = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    twin = Twin(corner_shop(), seed=7, began_at=sunday_night)
    kinds = {event.kind for events in twin.run_until(QUARTER_MS) for event in events}
    assert TruthKind.ARRIVED not in kinds
    assert twin.visitors == 0


def test_nobody_walks_through_a_shelf() -> None:
    assert watched().in_shelves == []


def test_nobody_goes_faster_than_people_walk() -> None:
    assert max(watched().steps_m) <= 2.6 * STEP_MS / 1000


def test_nobody_is_stuck_for_long() -> None:
    assert watched().longest_stuck_s < 15.0


def test_events_come_in_the_order_of_time() -> None:
    times = [event.t_ms for event in watched().events]
    assert times == sorted(times)


def test_everybody_who_came_has_left_or_is_still_there() -> None:
    seen = watched()
    left = {event.person_no for event in seen.of_kind(TruthKind.LEFT) if not event.is_staff}
    came = {event.person_no for event in seen.of_kind(TruthKind.ARRIVED)}
    assert left < came
    assert len(came) == seen.twin.visitors
    assert len(came - left) <= len(seen.twin.people)


def test_whoever_left_has_crossed_the_entrance_once_more_in_than_out_before() -> None:
    seen = watched()
    entrance = {door.line_id for door in seen.shop.doors}
    crossed: Counter[int | None] = Counter()
    for event in seen.events:
        if event.kind in (TruthKind.CROSSED_IN, TruthKind.CROSSED_OUT) and event.subject_id in entrance:
            crossed[event.person_no] += 1 if event.kind is TruthKind.CROSSED_IN else -1
        elif event.kind is TruthKind.LEFT and not event.is_staff:
            assert crossed[event.person_no] == 0
    assert set(crossed.values()) <= {-1, 0, 1}


def test_a_doors_line_is_judged_where_it_lies_and_moves_nobody() -> None:
    shop = busy(corner_shop(), 3.0)
    door = shop.doors[0]
    opening = CountingLine(door.line_id, door.a, door.b, door.in_is_left, is_entrance=True)
    deep = replace(opening, a=(5.4, 7.2), b=(0.2, 7.2))  # 1.7 m inside: some turn before it
    told = {line: truth_of(replace(shop, lines=(line,)), seed=7, lasts_ms=QUARTER_MS) for line in (opening, deep)}
    crossed = (TruthKind.CROSSED_IN, TruthKind.CROSSED_OUT)
    at_door, within = ([e for e in told[line] if e.kind not in crossed] for line in (opening, deep))
    assert at_door == within
    first_in = {
        line: {e.person_no: e.t_ms for e in reversed(told[line]) if e.kind is TruthKind.CROSSED_IN}
        for line in (opening, deep)
    }
    both = first_in[opening].keys() & first_in[deep].keys()
    assert len(both) >= 10
    assert all(first_in[deep][person] > first_in[opening][person] + 800 for person in both)


def test_every_slot_holds_what_it_held_and_what_was_put_on_it_less_what_was_taken() -> None:
    seen = watched()
    level: dict[str, int] = {}
    mass: dict[str, int] = {}
    gains = {TruthKind.PUT_BACK: 1, TruthKind.RESTOCKED: 1, TruthKind.MISPLACED: 1}
    losses = {TruthKind.PICKED: -1, TruthKind.SWEPT: -1, TruthKind.TIDIED: -1}
    for event in seen.events:
        if event.kind is TruthKind.STOCK:
            level[event.subject_id], mass[event.subject_id] = event.level_units or 0, event.level_mg or 0
        elif (sign := (gains | losses).get(event.kind)) is not None:
            is_strange = event.kind in (TruthKind.MISPLACED, TruthKind.TIDIED)
            level[event.subject_id] += 0 if is_strange else sign * event.units
            mass[event.subject_id] += sign * event.mass_mg
            assert event.level_units == level[event.subject_id]
            assert event.level_mg == mass[event.subject_id]
    assert level == {slot_id: stock.units for slot_id, stock in seen.twin.stocks.items()}
    assert mass == {slot_id: stock.mass_mg for slot_id, stock in seen.twin.stocks.items()}


def test_all_that_people_do_happens_in_a_busy_time() -> None:
    kinds = {event.kind for event in watched().events}
    rare = {TruthKind.BALKED, TruthKind.DESK_SERVED, TruthKind.LANE_CLOSED, TruthKind.NOT_FOUND, TruthKind.TIDIED}
    assert set(TruthKind) - rare <= kinds


def test_queues_are_served_in_their_order() -> None:
    waiting: dict[str, list[int | None]] = {}
    for event in watched().of_kind(TruthKind.QUEUE_JOINED, TruthKind.QUEUE_LEFT):
        line = waiting.setdefault(event.subject_id, [])
        if event.kind is TruthKind.QUEUE_JOINED:
            line.append(event.person_no)
        elif event.why == "served":
            assert line.pop(0) == event.person_no
        else:
            line.remove(event.person_no)


def test_service_ends_when_it_should() -> None:
    seen = watched()
    begun = {event.person_no: event for event in seen.of_kind(TruthKind.SERVICE_BEGUN)}
    for event in seen.of_kind(TruthKind.SERVICE_ENDED):
        assert event.t_ms == begun[event.person_no].t_ms + (event.service_ms or 0)
        assert event.walk_ms == begun[event.person_no].walk_ms
        assert 0 < (event.walk_ms or 0) < 60_000


def test_visits_to_zones_end_and_know_how_long_they_were() -> None:
    entered: dict[tuple[int | None, str], int] = {}
    for event in watched().of_kind(TruthKind.ZONE_ENTERED, TruthKind.ZONE_LEFT):
        key = (event.person_no, event.subject_id)
        if event.kind is TruthKind.ZONE_ENTERED:
            assert key not in entered
            entered[key] = event.t_ms
        else:
            assert event.dwell_ms == event.t_ms - entered.pop(key)


def test_goods_that_were_misplaced_lie_on_a_slot_that_is_not_theirs() -> None:
    misplaced = watched().of_kind(TruthKind.MISPLACED)
    assert misplaced
    assert all(event.home_id not in ("", event.subject_id) for event in misplaced)


def test_a_thief_takes_many_units_within_seconds_and_pays_nothing() -> None:
    seen = watched()
    thieves = {event.person_no for event in seen.of_kind(TruthKind.ARRIVED) if event.who == "thief"}
    swept = seen.of_kind(TruthKind.SWEPT)
    assert swept
    assert {event.person_no for event in swept} <= thieves
    assert not thieves & {event.person_no for event in seen.of_kind(TruthKind.QUEUE_JOINED, TruthKind.PICKED)}


def test_families_stay_together() -> None:
    shop = busy(corner_shop(), 2.0)
    mix = replace(shop.demand.parties, alone_share=0.0, couple_share=0.0, family_share=1.0)
    twin = Twin(replace(shop, demand=replace(shop.demand, parties=mix)), seed=3, began_at=MONDAY_AT_TEN)
    apart: list[float] = []
    for _ in twin.run_until(2 * QUARTER_MS):
        if twin.now_ms % 5_000 == 0:
            people, rows = twin.people, twin.people.rows
            for row in rows.tolist():
                family = [r for r in rows.tolist() if people.party_no[r] == people.party_no[row] != 0 and r != row]
                if family:
                    away = people.at[:, family] - people.at[:, [row]]
                    apart.append(float((away * away).sum(axis=0).min()) ** 0.5)
    apart.sort()
    assert len(apart) > 300
    assert apart[len(apart) // 2] < 1.2
    assert apart[len(apart) * 9 // 10] < 3.0


def test_with_advice_the_same_people_come_and_lanes_and_shelves_are_seen_to() -> None:
    shop = busy(corner_shop(), 3.0)
    plain = truth_of(shop, seed=9, lasts_ms=QUARTER_MS)

    def told(events: list[TruthEvent], kind: TruthKind) -> list[TruthEvent]:
        return [event for event in events if event.kind is kind]

    lanes = AdviceControl(shop)
    lanes.advise_lane(shop.queues[0].queue_id)
    with_lane = truth_of(shop, seed=9, lasts_ms=QUARTER_MS, control=lanes)
    assert told(with_lane, TruthKind.ARRIVED) == told(plain, TruthKind.ARRIVED)
    assert len(told(with_lane, TruthKind.LANE_OPENED)) == len(told(plain, TruthKind.LANE_OPENED)) + 1

    half_full = tuple(replace(place, first_units=place.capacity_units * 3 // 4) for place in shop.places)
    shop = replace(shop, places=half_full)
    shelves = AdviceControl(shop)
    wanted = {place.slot_id for place in shop.places[:2]}
    for slot_id in sorted(wanted):
        shelves.advise_restock(slot_id)
    with_restock = truth_of(shop, seed=9, lasts_ms=QUARTER_MS, control=shelves)
    unasked = truth_of(shop, seed=9, lasts_ms=QUARTER_MS)
    assert told(with_restock, TruthKind.ARRIVED) == told(unasked, TruthKind.ARRIVED)
    assert wanted <= {event.subject_id for event in told(with_restock, TruthKind.RESTOCKED)}
    assert not wanted & {event.subject_id for event in told(unasked, TruthKind.RESTOCKED)}


def test_impatient_people_renege_and_long_queues_make_people_balk() -> None:
    shop = with_habits(busy(corner_shop(), 8.0), balk_from_length=3, balk_share=0.3)
    slow = replace(shop.habits.service, base_s=90.0)
    hasty = replace(shop.habits.patience_s, mean=60.0, sd=10.0, low=20.0, high=90.0)
    events = truth_of(with_habits(shop, service=slow, patience_s=hasty), seed=2, lasts_ms=4 * QUARTER_MS // 3)
    whys = Counter(event.why for event in events if event.kind is TruthKind.QUEUE_LEFT)
    assert whys["reneged"] > 5
    assert any(event.kind is TruthKind.BALKED for event in events)
    for event in events:
        if event.kind is TruthKind.QUEUE_LEFT and event.why == "reneged":
            assert 20_000 <= (event.wait_ms or 0) <= 90_000


def test_staff_bring_goods_back_that_were_left_standing() -> None:
    shop = with_habits(busy(corner_shop(), 6.0), put_back_share=0.0, thieves_per_day=0.0)
    slow = replace(shop.habits.service, base_s=120.0)
    hasty = replace(shop.habits.patience_s, mean=60.0, sd=10.0, low=20.0, high=90.0)
    events = truth_of(with_habits(shop, service=slow, patience_s=hasty), seed=2, lasts_ms=2 * QUARTER_MS)
    gone = {event.person_no for event in events if event.why == "reneged" or event.kind is TruthKind.BALKED}
    picked = Counter(event.subject_id for event in events if event.kind is TruthKind.PICKED and event.person_no in gone)
    brought = [event for event in events if event.kind is TruthKind.PUT_BACK]
    assert len(brought) > 5
    assert all(event.is_staff for event in brought)
    assert {event.subject_id for event in brought} <= set(picked)
    left = sum(event.units for event in events if event.kind is TruthKind.PICKED and event.person_no in gone)
    assert sum(event.units for event in brought) <= left
    tasks = [event.why for event in events if event.kind is TruthKind.STAFF_TASK]
    assert tasks.count("return") <= tasks.count("clear") <= len(gone)


def test_a_cashier_whose_shift_is_over_is_relieved_and_the_lane_stays_open() -> None:
    shop = corner_shop()
    week = tuple(range(7))
    shifts = (Shift("early", week, 480, 607, 2), Shift("late", week, 605, 1_200, 2))  # 10:05 to 10:07 both
    shop = replace(shop, staff=replace(shop.staff, shifts=shifts))
    events = truth_of(shop, seed=4, lasts_ms=QUARTER_MS)
    at_lane = [e for e in events if e.kind is TruthKind.STAFF_TASK and e.why == "lane"]
    first, relief = at_lane[0], at_lane[1]
    assert (first.subject_id, first.t_ms) == (relief.subject_id, 0)
    home = next(e for e in events if e.why == "home" and e.person_no == first.person_no)
    assert home.t_ms == relief.t_ms
    assert relief.person_no != first.person_no
    assert 7 * 60_000 <= relief.t_ms <= 8 * 60_000
    assert not [e for e in events if e.kind is TruthKind.LANE_CLOSED]


def test_visits_baskets_and_services_are_as_in_shops() -> None:
    """Wide bounds around published figures, which the reference on the twin names; a corner shop is below most."""
    seen = watched()
    shoppers = [event for event in seen.events if not event.is_staff]
    came = {event.person_no: event.t_ms for event in shoppers if event.kind is TruthKind.ARRIVED}
    paid = [event for event in shoppers if event.kind is TruthKind.SERVICE_ENDED]
    payers = {event.person_no for event in paid}
    left = [event for event in shoppers if event.kind is TruthKind.LEFT and event.person_no in payers]
    stays_min = sorted((event.t_ms - came[event.person_no]) / 60_000 for event in left)
    assert 1.5 < stays_min[len(stays_min) // 2] < 20.0
    assert 1.5 < sum(event.units for event in paid) / len(paid) < 12.0
    assert 15.0 < sum(event.service_ms or 0 for event in paid) / len(paid) / 1000 < 120.0
    picked = sum(event.kind is TruthKind.PICKED for event in shoppers)
    not_found = sum(event.kind is TruthKind.NOT_FOUND for event in shoppers)
    assert not_found / (picked + not_found) < 0.2
