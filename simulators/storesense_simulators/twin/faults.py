"""What goes wrong with sensors and their connections: on schedule, by chance, and told as truth.

Faults spoil what sensors say, never what happens in the store. Their times are milliseconds since the run began.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from storesense_contracts.errors import StoresenseError
from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.shop import FaultKind, FaultSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from storesense_simulators.twin.shop import Shop

CAMERA_FAULTS = frozenset({FaultKind.CAMERA_FROZEN, FaultKind.CAMERA_MOVED, FaultKind.CAMERA_DIRTY})
CELL_FAULTS = frozenset({FaultKind.CELL_DRIFTING, FaultKind.CELL_BUMPED, FaultKind.CELL_LEANED_ON})
USUAL_AMOUNTS: dict[FaultKind, float] = {
    FaultKind.CAMERA_FROZEN: 0.0,
    FaultKind.CAMERA_MOVED: 6.0,
    FaultKind.CAMERA_DIRTY: 0.35,
    FaultKind.NETWORK_CUT: 0.0,
    FaultKind.POWER_CUT: 0.0,
    FaultKind.CLOCK_WRONG: 120.0,
    FaultKind.CELL_DRIFTING: 20.0,
    FaultKind.CELL_BUMPED: 300.0,
    FaultKind.CELL_LEANED_ON: 3_000.0,
}
"""Degrees turned, share of the lens covered, seconds ahead, grams an hour, grams, grams."""

_MS_PER_DAY = 86_400_000.0
_SAMPLE = "KIND:TARGET:AFTER_S:LASTS_S or KIND:TARGET:AFTER_S:LASTS_S:AMOUNT"


class FaultPlanError(StoresenseError):
    """A fault that cannot happen in this store.

    Attributes:
        target: the device or slot.
        cause: what is wrong.
    """

    exit_code = 2
    code = "fault_plan"

    def __init__(self, *, target: str, cause: str) -> None:
        self.target = target
        self.cause = cause
        super().__init__(f"the fault at {target!r} cannot be: {cause}.")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault.

    Attributes:
        kind: what goes wrong.
        target: the device, or the slot for a cell's fault.
        begins_ms: from when.
        ends_ms: until when, not included.
        amount: how badly, in the kind's own unit.
    """

    kind: FaultKind
    target: str
    begins_ms: int
    ends_ms: int
    amount: float


@dataclass(frozen=True, slots=True)
class FaultSchedule:
    """All faults of a run, by beginning."""

    faults: tuple[Fault, ...] = ()

    def at(self, kind: FaultKind, target: str, t_ms: int) -> Fault | None:
        """Return the fault of a kind that a target has at an instant; of several, the one that began last."""
        found = None
        for fault in self.faults:
            if fault.kind is kind and fault.target == target and fault.begins_ms <= t_ms < fault.ends_ms:
                found = fault
        return found

    def of(self, target: str, *kinds: FaultKind) -> tuple[Fault, ...]:
        """Return the faults of a target, of some kinds or of all."""
        return tuple(f for f in self.faults if f.target == target and (not kinds or f.kind in kinds))

    def lines(self) -> Iterator[bytes]:
        """Yield the faults as lines of JSON, the truth about what went wrong."""
        encoder = msgspec.json.Encoder(order="sorted")
        for fault in self.faults:
            yield encoder.encode(fault) + b"\n"


def parse_fault(text: str) -> FaultSpec:
    """Read a fault as the command line gives it.

    Raises:
        ValueError: it is not ``KIND:TARGET:AFTER_S:LASTS_S`` with or without an amount.
    """
    parts = text.split(":")
    if len(parts) not in (4, 5):
        raise ValueError(f"{text!r} is no fault: give {_SAMPLE}")
    try:
        kind = FaultKind(parts[0])
    except ValueError as exc:
        known = ", ".join(kind.value for kind in FaultKind)
        raise ValueError(f"{parts[0]!r} is no kind of fault; there are {known}") from exc
    try:
        after_s, lasts_s, *amount = (float(part) for part in parts[2:])
    except ValueError as exc:
        raise ValueError(f"{text!r} is no fault: after the target come numbers; give {_SAMPLE}") from exc
    if not (math.isfinite(after_s) and after_s >= 0 and math.isfinite(lasts_s) and lasts_s > 0):
        raise ValueError(f"{text!r} is no fault: AFTER_S is 0 or more and LASTS_S above 0")
    if amount and not math.isfinite(amount[0]):
        raise ValueError(f"{text!r} is no fault: AMOUNT is a finite number")
    return FaultSpec(kind, parts[1], after_s, lasts_s, amount[0] if amount else None)


def plan_faults(shop: Shop, *, seed: int, lasts_ms: int, extra: Sequence[FaultSpec] = ()) -> FaultSchedule:
    """Return the faults of a run: the store's schedule, those asked for, and the store's rates by chance.

    Args:
        shop: the store.
        seed: the root of chance; each kind at each target has a stream of its own.
        lasts_ms: how long the run is.
        extra: further faults on schedule.

    Raises:
        FaultPlanError: a target is no device, camera or weighed slot of the store.
    """
    targets = _targets(shop)
    faults = []
    for spec in (*shop.faults, *extra):
        if spec.target not in targets[spec.kind]:
            known = ", ".join(targets[spec.kind][:8]) or "none"
            raise FaultPlanError(target=spec.target, cause=f"{spec.kind} strikes one of: {known}")
        begins_ms = round(spec.after_s * 1000)
        faults.append(_fault(spec.kind, spec.target, begins_ms, round(spec.lasts_s * 1000), spec.amount))
    for rate in shop.fault_rates:
        for target in targets[rate.kind]:
            dice = Dice(seed, f"fault/{rate.kind.value}/{target}")
            count = dice.poisson(rate.per_day * lasts_ms / _MS_PER_DAY)
            begins = sorted(dice.whole(0, lasts_ms) for _ in range(count))
            faults += [_fault(rate.kind, target, begins_ms, dice.ms_of(rate.lasts_s), None) for begins_ms in begins]
    return FaultSchedule(tuple(sorted(faults, key=_in_order)))


def _fault(kind: FaultKind, target: str, begins_ms: int, lasts_ms: int, amount: float | None) -> Fault:
    return Fault(
        kind=kind,
        target=target,
        begins_ms=begins_ms,
        ends_ms=begins_ms + max(1, lasts_ms),
        amount=USUAL_AMOUNTS[kind] if amount is None else amount,
    )


def _in_order(fault: Fault) -> tuple[int, str, str]:
    return (fault.begins_ms, fault.kind.value, fault.target)


def _targets(shop: Shop) -> dict[FaultKind, list[str]]:
    devices = [device.id for device in shop.site.devices]
    cameras = [camera.device_id for camera in shop.cameras]
    cells = [cell.slot_id for cell in shop.cells]

    def of(kind: FaultKind) -> Iterable[str]:
        if kind in CAMERA_FAULTS:
            return cameras
        return cells if kind in CELL_FAULTS else devices

    return {kind: list(of(kind)) for kind in FaultKind}
