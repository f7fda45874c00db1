"""Days of a store as its tills see them, recorded from the twin once and lived again under any lane policy.

Who comes, what they carry to the tills, when, and how patient they are does not depend on which lanes are open; only
what follows does. So one run of the whole twin a seed is enough, and the rest is played at the tills alone
(:mod:`storesense_simulators.staffing_tills`). What is left out: crowding before the tills, and that cashiers who are
called up refill no shelves meanwhile.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from statistics import median

from storesense_simulators import twin
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.queues import Seeking
from storesense_simulators.twin.shop import Shop
from storesense_simulators.twin.truth import TruthKind

_FORMAT = 2
_OF_THE_TWIN = re.compile(r"^\s*(?:from|import) storesense_simulators\.twin\.(\w+)", re.MULTILINE)
_LOOKING_ON = frozenset({"layout", "site", "cameras", "cells", "climate", "faults", "fault_rates"})


@dataclass(frozen=True, slots=True)
class TillDay:
    """What a day brings to the tills.

    Attributes:
        seed: of the twin.
        began_at: the instant of millisecond 0.
        lasts_ms: how long it was recorded.
        entered_ms: when somebody came in by an entrance, staff left out, ascending.
        seekings: who looked for a queue, in the order of time, each person once.
        walk_ms: the median walk from each lane's queue to its station.
        staffed_after_ms: for each lane that was opened, how long it took somebody to get there.
    """

    seed: int
    began_at: datetime
    lasts_ms: int
    entered_ms: tuple[int, ...]
    seekings: tuple[Seeking, ...]
    walk_ms: dict[str, int]
    staffed_after_ms: tuple[int, ...]


def record_day(
    shop: Shop, *, seed: int, began_at: datetime, lasts_ms: int, progress: Callable[[int], None] = lambda _: None
) -> TillDay:
    """Let the twin live a day by its schedule and keep what the tills need.

    Args:
        shop: the store.
        seed: who comes and what they want.
        began_at: when the day begins, aware.
        lasts_ms: how long it lasts.
        progress: told each minute how many milliseconds have been lived.
    """
    store = Twin(shop, seed=seed, began_at=began_at)
    seekings = store.watch_seekings()
    entrances = {line.line_id for line in shop.lines if line.is_entrance}
    entered: list[int] = []
    walks: dict[str, list[int]] = defaultdict(list)
    sent: dict[str, int] = {}
    staffed: list[int] = []
    for events in store.run_until(lasts_ms):
        for event in events:
            subject = event.subject_id
            if event.kind is TruthKind.CROSSED_IN and subject in entrances and not event.is_staff:
                entered.append(event.t_ms)
            elif event.kind is TruthKind.SERVICE_BEGUN:
                walks[subject].append(event.walk_ms or 0)
            elif event.kind is TruthKind.STAFF_TASK and event.why == "lane":
                sent[subject] = event.t_ms
            elif event.kind is TruthKind.LANE_OPENED and subject in sent:
                staffed.append(event.t_ms - sent.pop(subject))
        if store.now_ms % 60_000 == 0:
            progress(store.now_ms)
    first = {seeking.person_no: seeking for seeking in reversed(seekings)}
    return TillDay(
        seed=seed,
        began_at=began_at,
        lasts_ms=lasts_ms,
        entered_ms=tuple(sorted(entered)),
        seekings=tuple(sorted(first.values())),
        walk_ms={lane_id: round(median(found)) for lane_id, found in sorted(walks.items())},
        staffed_after_ms=tuple(staffed),
    )


def day_mark(shop: Shop, *, seed: int, began_at: datetime, lasts_ms: int) -> str:
    """Return what tells a recording apart: a checksum of all that people and staff meet, of seed, time and code.

    Sensors only look on, so a camera that was moved, or code of theirs that has changed, leaves a recording as it was.
    A twin whose code of people and staff has changed is another twin: days that were kept from before are not used.
    """
    names = [one.name for one in fields(shop) if one.name not in _LOOKING_ON]
    told = repr((_FORMAT, code_mark(), [getattr(shop, name) for name in names], seed, began_at.isoformat(), lasts_ms))
    return hashlib.sha256(told.encode()).hexdigest()[:24]


@cache
def code_mark() -> str:
    """Return a checksum of this module and of all that it imports of the twin, directly or not."""
    folder, sums = Path(twin.__file__).parent, hashlib.sha256()
    found, to_read = {"staffing_days": Path(__file__)}, [Path(__file__)]
    while to_read:
        text = to_read.pop().read_text(encoding="utf-8")
        for name in _OF_THE_TWIN.findall(text):
            if name not in found and (path := folder / f"{name}.py").exists():
                found[name] = path
                to_read.append(path)
    for name, path in sorted(found.items()):
        sums.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return sums.hexdigest()


def save_day(path: Path, day: TillDay) -> None:
    """Write a recording, whole or not at all."""
    told = {
        "seed": day.seed,
        "began_at": day.began_at.isoformat(),
        "lasts_ms": day.lasts_ms,
        "entered_ms": day.entered_ms,
        "seekings": day.seekings,
        "walk_ms": day.walk_ms,
        "staffed_after_ms": day.staffed_after_ms,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(told), encoding="utf-8")
    part.replace(path)


def load_day(path: Path) -> TillDay | None:
    """Read a recording; None where there is none that is whole."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return TillDay(
            seed=told["seed"],
            began_at=datetime.fromisoformat(told["began_at"]),
            lasts_ms=told["lasts_ms"],
            entered_ms=tuple(told["entered_ms"]),
            seekings=tuple(Seeking(row[0], row[1], (row[2][0], row[2][1]), *row[3:]) for row in told["seekings"]),
            walk_ms=told["walk_ms"],
            staffed_after_ms=tuple(told["staffed_after_ms"]),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
