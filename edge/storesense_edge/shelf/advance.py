"""A change of weight carried through every world that may be, by Bayes' rule."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from storesense_edge.shelf.branches import branches
from storesense_edge.shelf.explain import Explanation, Origin
from storesense_edge.shelf.story import Way, continued
from storesense_edge.shelf.two_at_once import own_and_stranger
from storesense_edge.shelf.worlds import Answer, Branch, Change, Goods, Guest, Key, World, Worlds, strongest

_MOST_CANDIDATES = 5
# Where nothing known explains this much of a change, two deeds at once are looked at too, in worlds that are worth it.
_UNCLEAR = 0.1
_WORTH_A_CLOSER_LOOK = 0.01


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change made of all worlds.

    Attributes:
        found: every explanation with its probability, not ranked.
        worlds: every new world with its probability; they sum to 1.
        evidence: how likely the change was before it was seen, per gram.
    """

    found: list[Explanation]
    worlds: Worlds
    evidence: float


def advance(
    worlds: Mapping[Key, tuple[World, float]],
    change: Change,
    strangers: Sequence[Explanation],
    goods: Goods,
    stranger_share: float,
) -> Outcome:
    """Let a change happen in every world, in every way that it allows, by Bayes' rule.

    Args:
        worlds: what may lie there, with probabilities that sum to 1.
        change: what happened to the weight.
        strangers: what the change may have been that is none of the slot's goods, as `weigh_strange` lists it.
        goods: what may lie there by the planogram.
        stranger_share: how often what comes is another product.
    """
    masses: dict[Answer, list[float]] = {}
    moved: list[tuple[World, float]] = []
    ways: dict[Key, list[Way]] = {}

    def follow(probability: float, found: Iterable[Branch]) -> None:
        for answers, mass, is_return, after in found:
            weight = probability * mass
            if weight <= 0:
                continue
            for answer, share in answers:
                sums = masses.setdefault(answer, [0.0, 0.0])
                sums[0] += weight * share
                sums[1] += weight * share * is_return
            moved.append((after, weight))
            if change.no:
                ways.setdefault(after.key, []).append((weight, after.story, answers))

    guest = _new_guest(change, strangers)
    for world, probability in worlds.values():
        follow(probability, branches(world, change, strangers, goods, guest, stranger_share))
    unknown = math.fsum(mass for answer, (mass, _) in masses.items() if answer.origin is Origin.UNKNOWN)
    if unknown > _UNCLEAR * math.fsum(weight for _, weight in moved):
        for world, probability in worlds.values():
            if probability >= _WORTH_A_CLOSER_LOOK:
                follow(probability, own_and_stranger(world, change, goods))
    evidence = math.fsum(weight for _, weight in moved)
    found = [
        Explanation(answer.origin, answer.product, answer.units, mass / evidence, back / mass)
        for answer, (mass, back) in masses.items()
        if mass > 0
    ]
    strong = strongest(_together(moved))
    if change.no:
        strong = {
            key: (replace(world, story=continued(ways[key], change.no)), share)
            for key, (world, share) in strong.items()
        }
    return Outcome(found, strong, evidence)


def _together(moved: Iterable[tuple[World, float]]) -> Worlds:
    """Every world once; of two ways to it the likelier one is remembered."""
    found: Worlds = {}
    for world, weight in moved:
        before = found.get(world.key)
        if before is None:
            found[world.key] = world, weight
        else:
            found[world.key] = before[0] if before[1] >= weight else world, before[1] + weight
    return found


def _new_guest(change: Change, strangers: Sequence[Explanation]) -> Guest | None:
    """What came, if it does not belong there; None where something left."""
    if change.delta_g < 0:
        return None
    strange = sorted(strangers, key=lambda each: -each.probability)
    total = math.fsum(each.probability for each in strange)
    kept = tuple((each.product, each.units, each.probability / total) for each in strange if total > 0)
    return Guest(round(change.delta_g, 2), kept[:_MOST_CANDIDATES] or ((None, 1, 1.0),))
