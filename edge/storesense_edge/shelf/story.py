"""What the last steps were, world by world, as far as it is remembered."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from storesense_edge.shelf.explain import Explanation
from storesense_edge.shelf.worlds import Answer, Key, Telling, World, Worlds

_MOST_STEPS = 24
_MOST_ANSWERS = 8
# What is as certain as this will not be told anew, whatever follows.
_CERTAIN = 1 - 1e-6
# Ways to one world of which the likeliest is so many times likelier are not worth remembering.
_WORTH_REMEMBERING = 1e-3

Way = tuple[float, tuple[Telling, ...], Sequence[tuple[Answer, float]]]
"""How one world was reached: its weight, the story until then, and what the last step was."""


def continued(ways: Sequence[Way], no: int) -> tuple[Telling, ...]:
    """Return the story of a world that was reached by some ways, by a step of number ``no``.

    Goods that are the same are one world, whatever brought them there; so what is remembered of a step is a mixture.
    """
    most = max(weight for weight, _, _ in ways)
    worth = [way for way in ways if way[0] >= _WORTH_REMEMBERING * most]
    if len(worth) == 1:
        _, story, answers = worth[0]
        return (*story, (no, tuple(answers)))[-_MOST_STEPS:]
    mixed: dict[int, dict[Answer, float]] = {}
    total = math.fsum(weight for weight, _, _ in worth)
    for weight, story, answers in worth:
        for each_no, told in (*story, (no, answers)):
            shares = mixed.setdefault(each_no, {})
            for answer, share in told:
                shares[answer] = shares.get(answer, 0.0) + weight * share / total
    numbers = sorted(mixed)[-_MOST_STEPS:]
    return tuple((each, tuple(_likeliest(mixed[each]))) for each in numbers)


def undecided(worlds: Mapping[Key, tuple[World, float]], newest: int) -> Worlds:
    """Forget what is certain of all steps but the newest, so that doubts are remembered for long."""
    certain = {
        no
        for no, found in tellings(worlds.values()).items()
        if no != newest and max(each.probability for each in found) >= _CERTAIN
    }
    if not certain:
        return dict(worlds)
    return {
        key: (replace(world, story=tuple(each for each in world.story if each[0] not in certain)), share)
        for key, (world, share) in worlds.items()
    }


def tellings(worlds: Iterable[tuple[World, float]]) -> dict[int, list[Explanation]]:
    """Return by number what the last steps may have been, by all worlds together; not ranked."""
    found: dict[int, dict[Answer, float]] = {}
    for world, probability in worlds:
        for no, answers in world.story:
            shares = found.setdefault(no, {})
            for answer, share in answers:
                shares[answer] = shares.get(answer, 0.0) + probability * share
    return {
        no: [Explanation(answer.origin, answer.product, answer.units, share) for answer, share in shares.items()]
        for no, shares in found.items()
    }


def _likeliest(shares: dict[Answer, float]) -> list[tuple[Answer, float]]:
    return sorted(shares.items(), key=lambda each: -each[1])[:_MOST_ANSWERS]
