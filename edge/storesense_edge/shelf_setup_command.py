"""``storesense edge shelf setup``: leads through calibrating a slot at the shelf."""

import json
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from storesense_contracts.clock import Clock, SystemClock
from storesense_contracts.errors import UsageError
from storesense_contracts.site import ShelfDevice, ShelfSlot, SiteFile, load_site
from storesense_contracts.site_sources import Hx711Source, SerialScaleSource
from storesense_edge.shelf.sampling import CellSampler
from storesense_edge.shelf.setup import Rest, SetupError, rest_of
from storesense_edge.shelf.setup_dialogue import Dialogue, RestingCell, SetupProgress, SetupResult, set_up
from storesense_edge.shelf_agent import cell_of

if TYPE_CHECKING:
    from storesense_edge.shelf.source import LoadCellSample

_REST_WITHIN_S = 30.0
_KEEP_S = 3.0
_MOST_STATE_BYTES = 100_000


class Terminal:
    """A person at a terminal; words go to standard error, so that standard output keeps the result."""

    def say(self, text: str) -> None:
        """See Dialogue."""
        sys.stderr.write(text + "\n")

    def ask(self, text: str) -> str:
        """See Dialogue."""
        sys.stderr.write(text.rstrip() + " ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise SetupError("Nobody answers any more; run the same command again to go on.")
        return line.rstrip("\r\n")


class LiveCell:
    """A live cell, weighed when its last seconds agree."""

    def __init__(self, sampler: CellSampler, clock: Clock) -> None:
        self._sampler = sampler
        self._clock = clock

    def rest(self, load_g: float) -> Rest:  # noqa: ARG002 -- a real cell knows its load
        """See RestingCell."""
        self._sampler.take(0.0)  # from before the answer
        begun_s = self._clock.monotonic_s()
        recent: deque[LoadCellSample] = deque(maxlen=1_000)
        while self._clock.monotonic_s() - begun_s < _REST_WITHIN_S:
            recent.extend(self._sampler.take(0.5))
            while recent and (recent[-1].measured_at - recent[0].measured_at).total_seconds() > _KEEP_S:
                recent.popleft()
            if (rest := rest_of(recent)) is not None:
                return rest
        problem = self._sampler.report.problem
        raise SetupError(problem or "The slot does not come to rest. Let nothing touch it or swing, and begin anew.")


class PretendCell:
    """A cell that weighs what it is told, with a cheap cell's noise: for trying the setup without hardware."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def rest(self, load_g: float) -> Rest:
        """See RestingCell."""
        return Rest(84_000.0 + 430.0 * load_g + self._rng.gauss(0.0, 60.0), 120.0)


def set_up_slot(
    site_path: Path,
    slot_id: str,
    *,
    state_path: Path | None,
    prints_json: bool,
    dialogue: Dialogue | None = None,
    clock: Clock | None = None,
) -> int:
    """Set a slot up and print its calibration for the site file.

    Args:
        site_path: the site file.
        slot_id: the slot.
        state_path: where progress is kept; beside the site file if None.
        prints_json: one JSON object instead of YAML.
        dialogue: instead of the terminal.
        clock: instead of the system's.

    Raises:
        UsageError: the site has no such slot.
        ShelfError: the cell fails, or the slot cannot be set up.
    """
    clock, dialogue = clock or SystemClock(), dialogue or Terminal()
    site = load_site(site_path)
    slot = _slot_of(site, slot_id)
    layout_slot = next(each for each in site.store.slots if each.id == slot_id)
    state_path = state_path or site_path.with_name(f"{site_path.stem}.{slot_id}.setup.json")
    begun_s = clock.monotonic_s()
    progress = _read_progress(state_path, slot_id)
    if progress.zero_counts is not None:
        dialogue.say(f"Going on where {state_path.name} stopped; delete that file to begin anew.")
    with _cell(slot, dialogue, clock) as cell:
        result = set_up(
            layout_slot,
            cell,
            dialogue,
            progress,
            lambda known: _write_progress(state_path, known),
            is_scale=isinstance(slot.source, SerialScaleSource),
        )
    with suppress(FileNotFoundError):
        state_path.unlink()
    told = _told(slot_id, result, clock.monotonic_s() - begun_s)
    sys.stdout.write(json.dumps(told) + "\n" if prints_json else _yaml(told))
    return 0


@contextmanager
def _cell(slot: ShelfSlot, dialogue: Dialogue, clock: Clock) -> Iterator[RestingCell]:
    if isinstance(slot.source, Hx711Source | SerialScaleSource):
        with CellSampler(cell_of(slot.source), clock, name=slot.slot) as sampler:
            yield LiveCell(sampler, clock)
    else:
        dialogue.say(f"Slot {slot.slot} has no live cell: this is a rehearsal with a cell that only pretends.")
        yield PretendCell(Random(slot.slot))  # noqa: S311 -- noise, guards nothing


def _slot_of(site: SiteFile, slot_id: str) -> ShelfSlot:
    slots = {slot.slot: slot for device in site.devices if isinstance(device, ShelfDevice) for slot in device.slots}
    if slot_id not in slots:
        raise UsageError(
            f"no shelf of this site weighs slot {slot_id!r}; expected one of {', '.join(slots) or '(none)'}"
        )
    return slots[slot_id]


def _read_progress(path: Path, slot_id: str) -> SetupProgress:
    try:
        with path.open("rb") as file:
            progress = msgspec.json.decode(file.read(_MOST_STATE_BYTES), type=SetupProgress)
    except FileNotFoundError:
        return SetupProgress(slot_id=slot_id)
    except (OSError, msgspec.DecodeError) as exc:
        raise UsageError(f"{path} cannot be read ({exc}); delete it to begin anew") from exc
    if progress.slot_id != slot_id:
        raise UsageError(f"{path} is of slot {progress.slot_id!r}; name another --state-file")
    return progress


def _write_progress(path: Path, progress: SetupProgress) -> None:
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            file.write(msgspec.json.encode(progress))
        Path(file.name).replace(path)
    except OSError as exc:
        raise UsageError(f"{path} cannot be written ({exc.strerror or exc}); name another --state-file") from exc


def _told(slot_id: str, result: SetupResult, took_s: float) -> dict[str, Any]:
    calibration, fitness = result.fit.calibration, result.fitness
    return {
        "slot": slot_id,
        "calibration": {
            "kind": "fixed",
            "zero_counts": round(calibration.zero_counts, 3),
            "counts_per_g": float(f"{calibration.counts_per_g:.8g}"),
            "repeatability_g": None if calibration.repeatability_g is None else round(calibration.repeatability_g, 4),
        },
        "residuals_g": [round(residual_g, 3) for residual_g in result.fit.residuals_g],
        "noise_g": round(fitness.noise_g, 4),
        "unit_weight_g": round(fitness.unit_weight_g, 2),
        "pick_miscount": fitness.pick_miscount,
        "full_miscount": fitness.full_miscount,
        "verdict": fitness.verdict.value,
        "took_s": round(took_s, 1),
    }


def _yaml(told: dict[str, Any]) -> str:
    inner = ", ".join(f"{key}: {value}" for key, value in told["calibration"].items() if value is not None)
    return f"# of slot {told['slot']}, into the site file\ncalibration: {{{inner}}}\n"
