"""The plan of a chaos run is a pure function of seed and number of kills."""

from collections import Counter

import pytest

from storesense_simulators.chaos.plan import Cut, Fault, FillDisk, JumpClock, Part, Shape, Step, Wire, make_plan

SHAPE = Shape(edges=3, gateways=2, owns_database=True)


def plan(kills: int, seed: int, shape: Shape = SHAPE) -> tuple[Step, ...]:
    return make_plan(kills=kills, seed=seed, shape=shape)


def test_the_seed_replays_the_plan_and_another_makes_another() -> None:
    assert plan(50, 7) == plan(50, 7)
    assert plan(50, 7) != plan(50, 8)


def test_a_longer_plan_begins_as_the_shorter_one_but_for_its_last_salvo() -> None:
    for seed in range(20):
        short = plan(20, seed)
        longer = plan(60, seed)
        assert longer[: len(short) - 1] == short[:-1]
        assert longer[len(short) - 1].kills[: len(short[-1].kills)] == short[-1].kills


@pytest.mark.parametrize("kills", [0, 1, 7, 200])
def test_there_are_as_many_kills_as_asked_for_and_each_part_has_its_share(kills: int) -> None:
    by_part = Counter(kill.part for step in plan(kills, 1) for kill in step.kills)
    assert by_part.total() == kills
    assert max(by_part.values(), default=0) - min((by_part[part] for part in Part), default=0) <= 1


def test_somebody_elses_database_is_never_killed_but_its_wire_is_cut() -> None:
    steps = plan(300, 1, Shape(edges=3, gateways=2, owns_database=False))
    assert all(kill.part is not Part.DATABASE for step in steps for kill in step.kills)
    cuts = [step.trouble for step in steps if isinstance(step.trouble, Cut)]
    assert any(cut.wire is Wire.GATEWAY_DATABASE for cut in cuts)


def test_a_long_plan_has_every_trouble_alone_and_with_a_kill_in_it() -> None:
    steps = [step for step in plan(600, 5) if step.trouble is not None]
    for with_kill in (False, True):
        troubles = [step.trouble for step in steps if bool(step.kills) == with_kill]
        cuts = {(cut.wire, cut.fault) for cut in troubles if isinstance(cut, Cut)}
        assert {wire for wire, _ in cuts} == set(Wire)
        assert {fault for _, fault in cuts} == set(Fault) - {Fault.PASS}
        assert any(isinstance(trouble, FillDisk) for trouble in troubles)
        assert {trouble.offset_s > 0 for trouble in troubles if isinstance(trouble, JumpClock)} == {True, False}


def test_whatever_is_broken_is_there() -> None:
    for step in plan(300, 2):
        for kill in step.kills:
            assert kill.which < {Part.EDGE: 3, Part.GATEWAY: 2}.get(kill.part, 1)
        if isinstance(step.trouble, Cut):
            assert step.trouble.which < (3 if step.trouble.wire is Wire.EDGE_BROKER else 2)
        elif step.trouble is not None:
            assert step.trouble.which < 3


def test_single_kills_and_salvos_are_as_frequent_and_some_salvos_strike_one_part_twice() -> None:
    steps = plan(1_000, 4)
    steps = steps[:-1]  # the last salvo may have been cut
    single = [step for step in steps if len(step.kills) == 1]
    salvos = [step for step in steps if len(step.kills) > 1]
    assert 0.35 < len(single) / (len(single) + len(salvos)) < 0.65
    assert all(len(step.kills) <= 6 for step in salvos)
    assert {step.trouble is None for step in salvos} == {True, False}
    assert all(step.kills[0].after_s == 0 for step in single)
    struck_twice = [
        step for step in salvos if max(Counter((kill.part, kill.which) for kill in step.kills).values()) > 1
    ]
    assert len(struck_twice) > 10
    assert len(single) + len(salvos) < 500, "so many kills wait for far fewer recoveries"
