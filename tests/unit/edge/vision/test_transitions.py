from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.presence import Stay
from storesense_edge.vision.transitions import FEWEST_TOLD, Transition, TransitionCounter, Transitions


def stay(area: int, first_s: float, last_s: float) -> Stay:
    return Stay(area, 1, first_s, last_s, last_s, 0.0, False, (0.0, 0.0), (1.0, 1.0), 1.7, first_s)


def go(counter: TransitionCounter, people: int, *areas: int, pause_s: float = 10.0, first_id: int = 0) -> None:
    for track_id in range(first_id, first_id + people):
        for place, area in enumerate(areas):
            begin_s = place * (20.0 + pause_s)
            counter.step([(track_id, stay(area, begin_s, begin_s + 20.0))], begin_s + 21.0)


def test_enough_people_are_told_of_and_then_forgotten() -> None:
    counter = TransitionCounter(("fruit", "milk", "tills"))
    go(counter, FEWEST_TOLD, 0, 1, 2)
    assert counter.take() == Transitions(
        (Transition("fruit", "milk", FEWEST_TOLD), Transition("milk", "tills", FEWEST_TOLD)), 0
    )
    assert counter.take() == Transitions((), 0)


def test_few_are_never_told_of_and_do_not_add_up_over_periods() -> None:
    counter = TransitionCounter(("fruit", "milk", "tills"))
    for period in range(3):
        go(counter, FEWEST_TOLD - 1, 0, 1, first_id=100 * period)
        assert counter.take() == Transitions((), 0)


def test_several_small_pairs_are_told_as_one_sum() -> None:
    counter = TransitionCounter(("fruit", "milk", "tills"))
    go(counter, FEWEST_TOLD - 1, 0, 1)
    go(counter, 2, 1, 2, first_id=50)
    assert counter.take() == Transitions((), FEWEST_TOLD + 1)


def test_a_remainder_from_which_a_small_pair_could_be_reckoned_is_not_told() -> None:
    counter = TransitionCounter(("fruit", "milk"))
    go(counter, 4, 0, 1)
    go(counter, 4, 1, 0, first_id=50)
    # Eight on two ways of fewer than five each: it would be four and four.
    assert counter.take() == Transitions((), 0)
    go(counter, 4, 0, 1, first_id=100)
    go(counter, 2, 1, 0, first_id=150)
    # Six on two ways: two at least on each.
    assert counter.take() == Transitions((), 0)


@given(st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_nothing_that_is_told_says_of_a_small_pair_that_somebody_took_it(taken: list[int]) -> None:
    counter = TransitionCounter(("a", "b", "c"))
    ways = list(permutations(range(3), 2))
    for number, (way, people) in enumerate(zip(ways, taken, strict=True)):
        go(counter, people, *way, first_id=100 * number)
    found = counter.take()
    assert all(way.people >= FEWEST_TOLD for way in found.told)
    untold = len(ways) - len(found.told)
    if found.suppressed:
        assert found.suppressed == sum(people for people in taken if people < FEWEST_TOLD)
        # With as many as may be on all other ways, nobody need be on this one.
        assert found.suppressed <= (untold - 1) * (FEWEST_TOLD - 1)


def test_who_comes_much_later_or_back_to_the_same_zone_has_gone_nowhere() -> None:
    counter = TransitionCounter(("fruit", "milk"))
    go(counter, 10, 0, 1, pause_s=500.0)
    go(counter, 10, 0, 0, first_id=50)
    assert counter.take() == Transitions((), 0)
