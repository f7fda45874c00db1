"""How far the wait that is told to whoever joins a queue holds: every customer of a run, asked as they join.

What is told is worked out from measured figures alone, as the backend does: how many wait, the services that cameras
have told so far, and how many tills are open by the lanes' own signs.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from storesense_backend.next_wait import NextWait, Services, next_wait
from storesense_simulators.eval_twin_report import mean, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storesense_simulators.eval_twin_figures import QueueFigures

LATELY_S = 7_200.0
"""Services of the last two hours are known, as in the backend."""


def next_waits_of(figures: Iterable[QueueFigures]) -> dict[str, Any]:
    """Return how often the true wait lay within the interval that was told, for all and for those behind others."""
    told = [each for queue in figures for each in _asked(queue)]
    behind = [each for each in told if each[2] > 0]
    return {
        "asked": len(told),
        "held_ratio": _held(told),
        "asked_behind_others": len(behind),
        "held_behind_others_ratio": _held(behind),
        "mean_s": mean(guess.mean_s for guess, _, _ in told),
        "true_mean_s": mean(wait_s for _, wait_s, _ in told),
        "mean_width_s": mean(guess.high_s - guess.low_s for guess, _, _ in told),
    }


def _asked(queue: QueueFigures) -> list[tuple[NextWait, float, int]]:
    """What was told to each who was served, how long they truly waited, and how many were measured to wait before."""
    asked = []
    for begun_s, wait_s in queue.true_waits_s:
        joined_s = begun_s - wait_s
        # The last second before they joined: they are not among those who wait.
        place = bisect_right(queue.times_s, joined_s - 1.0) - 1
        if place < 0:
            continue
        waiting = queue.samples[place][1]
        tills = sum(change for at_s, change in queue.opened if at_s <= joined_s)
        known_s = [length_s for at_s, length_s in queue.services_told_s if joined_s - LATELY_S <= at_s <= joined_s]
        since_s = min((at_s for at_s, _ in queue.opened), default=joined_s)
        open_s = tills * min(LATELY_S, joined_s - since_s)
        services = Services(len(known_s), sum(known_s), sum(length_s**2 for length_s in known_s))
        guess = next_wait(waiting, tills=tills, services=services, busy_share=ratio(sum(known_s), open_s))
        if guess is not None:
            asked.append((guess, wait_s, waiting))
    return asked


def _held(told: list[tuple[NextWait, float, int]]) -> float | None:
    return mean(float(guess.low_s <= wait_s <= guess.high_s) for guess, wait_s, _ in told)
