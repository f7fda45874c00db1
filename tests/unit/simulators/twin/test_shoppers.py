"""What people come for, with whom, and how they are drawn."""

from collections import Counter
from dataclasses import replace

import pytest

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.ground import Ground
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.parties import draw_bodies, party_speed_m_s
from storesense_simulators.twin.people import Kind
from storesense_simulators.twin.routes import Routes
from storesense_simulators.twin.shop_people import Spread
from storesense_simulators.twin.shoppers import PutBack, ShoppingLists
from storesense_simulators.twin.stocks import Stock, Unit, first_stocks
from storesense_simulators.twin.thieves import choose_place

SHOP = load_shop("convenience")
GROUND = Ground.of(SHOP)
ROUTES = Routes(SHOP, GROUND)


def test_the_same_party_draws_the_same_trip() -> None:
    lists = ShoppingLists(SHOP, GROUND, ROUTES)
    trips = [lists.trip(SHOP.doors[0].inside, Dice(7, "party/12")) for _ in range(2)]
    assert trips[0] == trips[1]
    assert trips[0] != lists.trip(SHOP.doors[0].inside, Dice(7, "party/13"))


def test_popular_products_are_on_more_lists() -> None:
    lists = ShoppingLists(SHOP, GROUND, ROUTES)
    wanted: Counter[str | None] = Counter()
    for number in range(800):
        wanted.update(stop.slot_id for stop in lists.trip(SHOP.doors[0].inside, Dice(1, f"p/{number}")).stops)
    ordered = sorted(SHOP.places, key=lambda place: place.popularity)
    fewest = sum(wanted[place.slot_id] for place in ordered[:8])
    most = sum(wanted[place.slot_id] for place in ordered[-8:])
    assert most > 2 * fewest > 0


def test_lists_are_as_long_units_and_put_backs_as_frequent_as_the_habits_say() -> None:
    habits = replace(SHOP.habits, list_products=Spread(5, 0, 5, 5), impulse_share=0.0, window_shopper_share=0.0)
    habits = replace(habits, zone_visits=(), put_back_share=0.2, put_back_elsewhere_share=0.5, units_shares=(0.5, 0.5))
    lists = ShoppingLists(replace(SHOP, habits=habits), GROUND, ROUTES)
    stops = [s for n in range(400) for s in lists.trip(SHOP.doors[0].inside, Dice(2, f"p/{n}")).stops]
    assert len(stops) == 2_000
    assert sum(stop.units for stop in stops) / len(stops) == pytest.approx(1.5, abs=0.05)
    kinds = Counter(stop.put_back for stop in stops)
    assert kinds[PutBack.OWN_SLOT] / len(stops) == pytest.approx(0.1, abs=0.03)
    assert kinds[PutBack.OTHER_SLOT] / len(stops) == pytest.approx(0.1, abs=0.03)


def test_parties_are_mixed_as_demand_has_it() -> None:
    mix = replace(SHOP.demand.parties, alone_share=0.5, couple_share=0.3, family_share=0.2)
    parties = [draw_bodies(mix, SHOP, Dice(3, f"p/{n}")) for n in range(2_000)]
    alone = sum(len(party) == 1 for party in parties) / 2_000
    families = sum(any(body.kind is Kind.CHILD for body in party) for party in parties) / 2_000
    assert alone == pytest.approx(0.5, abs=0.04)
    assert families == pytest.approx(0.2, abs=0.03)
    assert sum(map(len, parties)) / 2_000 == pytest.approx(mix.mean_size, abs=0.06)
    child = next(body for party in parties for body in party if body.kind is Kind.CHILD)
    assert child.height_m < 1.6


def test_a_party_walks_as_its_slowest_and_slower_with_a_trolley() -> None:
    bodies = draw_bodies(
        replace(SHOP.demand.parties, alone_share=0, couple_share=1, family_share=0), SHOP, Dice(1, "p")
    )
    slowest = min(body.speed_m_s for body in bodies)
    assert party_speed_m_s(bodies, SHOP, has_trolley=False) == slowest
    assert party_speed_m_s(bodies, SHOP, has_trolley=True) < slowest


def test_service_factors_have_mean_one_and_the_variation_asked_for() -> None:
    dice = Dice(4, "service")
    for variation in (0.3, 1.0):
        draws = [dice.factor(variation) for _ in range(20_000)]
        mean = sum(draws) / len(draws)
        sd = (sum((draw - mean) ** 2 for draw in draws) / len(draws)) ** 0.5
        assert mean == pytest.approx(1.0, abs=0.03)
        assert sd == pytest.approx(variation, rel=0.06)
    assert dice.factor(0.0) == 1.0


def test_a_spread_stays_within_its_bounds() -> None:
    dice = Dice(5, "spread")
    spread = Spread(mean=10.0, sd=8.0, low=4.0, high=12.0)
    draws = [dice.of(spread) for _ in range(500)]
    assert 4.0 <= min(draws) < 5.0
    assert 11.0 < max(draws) <= 12.0
    assert dice.of(Spread(mean=50.0, sd=0.0, low=1.0, high=2.0)) == 2.0  # an impossible one ends at its bound


def test_thieves_prefer_what_is_dear() -> None:
    dear = replace(SHOP.places[3], price_class=5)
    places = tuple(dear if place is SHOP.places[3] else replace(place, price_class=1) for place in SHOP.places)
    chosen = Counter(choose_place(replace(SHOP, places=places), Dice(6, f"t/{n}")).slot_id for n in range(600))
    assert chosen.most_common(1)[0][0] == dear.slot_id


def stock() -> Stock:
    return next(iter(first_stocks(SHOP.places, 1).values()))


def test_a_slot_is_never_filled_beyond_its_capacity_and_never_emptied_below_nothing() -> None:
    slot = stock()
    slot.refill(10_000)
    assert slot.units == slot.place.capacity_units
    assert len(slot.take(10_000)) == slot.place.capacity_units
    assert (slot.units, slot.mass_mg) == (0, 0)
    assert slot.take(1) == []
    assert slot.is_low


def test_a_strange_unit_takes_room_and_weighs_and_is_tidied_away() -> None:
    slot = stock()
    slot.refill(10_000)
    slot.take(1)
    before_mg = slot.mass_mg
    slot.put(Unit("elsewhere", 123_000))
    assert (slot.room_units, slot.mass_mg) == (0, before_mg + 123_000)
    assert slot.tidy() == [Unit("elsewhere", 123_000)]
    assert slot.mass_mg == before_mg
