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


def test_a_longer_plan_begins_as_the_shorter_one() -> None:
    short = plan(20, 3)
    assert plan(60, 3)[: len(short)] == short


@pytest.mark.parametrize("kills", [0, 1, 7, 200])
def test_there_are_as_many_kills_as_asked_for_and_each_part_has_its_share(kills: int) -> None:
    by_part = Counter(step.kill.part for step in plan(kills, 1) if step.kill is not None)
    assert by_part.total() == kills
    assert max(by_part.values(), default=0) - min((by_part[part] for part in Part), default=0) <= 1


def test_somebody_elses_database_is_never_killed_but_its_wire_is_cut() -> None:
    steps = plan(300, 1, Shape(edges=3, gateways=2, owns_database=False))
    assert all(step.kill is None or step.kill.part is not Part.DATABASE for step in steps)
    cuts = [step.trouble for step in steps if isinstance(step.trouble, Cut)]
    assert any(cut.wire is Wire.GATEWAY_DATABASE for cut in cuts)


def test_a_long_plan_has_every_trouble_alone_and_with_a_kill_in_it() -> None:
    steps = [step for step in plan(600, 5) if step.trouble is not None]
    for with_kill in (False, True):
        troubles = [step.trouble for step in steps if (step.kill is not None) == with_kill]
        cuts = {(cut.wire, cut.fault) for cut in troubles if isinstance(cut, Cut)}
        assert {wire for wire, _ in cuts} == set(Wire)
        assert {fault for _, fault in cuts} == set(Fault) - {Fault.PASS}
        assert any(isinstance(trouble, FillDisk) for trouble in troubles)
        assert {trouble.offset_s > 0 for trouble in troubles if isinstance(trouble, JumpClock)} == {True, False}


def test_whatever_is_broken_is_there() -> None:
    for step in plan(300, 2):
        if step.kill is not None:
            assert step.kill.which < {Part.EDGE: 3, Part.GATEWAY: 2}.get(step.kill.part, 1)
        if isinstance(step.trouble, Cut):
            assert step.trouble.which < (3 if step.trouble.wire is Wire.EDGE_BROKER else 2)
        elif step.trouble is not None:
            assert step.trouble.which < 3
