"""Raw counts of every load cell of a run, in files that the edge's shelf code reads as traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import numpy as np

from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.load_cell import CellFault, LoadCell
from storesense_simulators.twin.load_cell import FaultKind as CellFaultKind
from storesense_simulators.twin.shop import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from storesense_simulators.twin.faults import Fault, FaultSchedule
    from storesense_simulators.twin.shop import CellSpec
    from storesense_simulators.twin.stocks import Stock
    from storesense_simulators.twin.truth import TruthEvent

HEADER = "timestamp_ms,raw_counts\n"
_BATCH_MS = 10_000
_ROOM_C = 21.0
_KNOCK_MS = 1_500


class CellTrace:
    """One cell's samples, made in batches.

    Args:
        cell: the cell.
        out: an open text file; whoever opened it closes it.
        mass_mg: what lies on it when the run begins.
        seed: the root of its chance.
        started_ms: the instant at which the run began, milliseconds since 1970.
        faults: what goes wrong with it or its controller.
    """

    def __init__(
        self, cell: CellSpec, out: TextIO, *, mass_mg: int, seed: int, started_ms: int, faults: FaultSchedule
    ) -> None:
        self._cell = LoadCell(cell.model, stream(seed, f"counts/{cell.slot_id}"))
        self._period_ms = max(1, round(1000 / cell.model.sample_hz))
        self._out = out
        self._started_ms = started_ms
        self._times_ms = [0]
        self._loads_mg = [mass_mg]
        self._next_ms = 0
        self._presses = faults.of(
            cell.slot_id, FaultKind.CELL_BUMPED, FaultKind.CELL_LEANED_ON, FaultKind.CELL_DRIFTING
        )
        self._outages = faults.of(cell.device_id, FaultKind.POWER_CUT)
        self._faults = _as_cell_faults(self._presses, faults.of(cell.device_id, FaultKind.CLOCK_WRONG))
        self.samples = 0
        out.write(HEADER)

    def change(self, t_ms: int, mass_mg: int) -> None:
        """From ``t_ms`` on, so much lies on the slot; instants never fall."""
        self._times_ms.append(t_ms)
        self._loads_mg.append(mass_mg)

    def sample_until(self, t_ms: int) -> None:
        """Write the samples of the time before ``t_ms`` that are not written yet."""
        times_ms = np.arange(self._next_ms, t_ms, self._period_ms, dtype=np.int64)
        if not len(times_ms):
            return
        self._next_ms = int(times_ms[-1]) + self._period_ms
        places = np.searchsorted(np.array(self._times_ms), times_ms, side="right") - 1
        loads_g = np.array(self._loads_mg, dtype=np.float64)[places] / 1000
        self._times_ms, self._loads_mg = self._times_ms[-1:], self._loads_mg[-1:]
        for fault in self._presses:
            loads_g += _pressed_g(fault, times_ms)
        counts = self._cell.sample(times_ms, loads_g, _ROOM_C, self._faults)
        stamps_ms, arrives = self._cell.arrivals(times_ms, self._faults)
        for outage in self._outages:
            arrives &= (times_ms < outage.begins_ms) | (times_ms >= outage.ends_ms)
        rows = zip((stamps_ms[arrives] + self._started_ms).tolist(), counts[arrives].tolist(), strict=True)
        self._out.writelines(f"{stamp},{count}\n" for stamp, count in rows)
        self.samples += int(arrives.sum())


class CellTraces:
    """All cells of a store.

    Args:
        traces: by slot.
    """

    def __init__(self, traces: Mapping[str, CellTrace]) -> None:
        self._traces = traces
        self._due_ms = _BATCH_MS

    def observe(self, events: Iterable[TruthEvent], now_ms: int) -> None:
        """Take in a step of the twin that ended at ``now_ms``."""
        for event in events:
            if event.level_mg is not None and (trace := self._traces.get(event.subject_id)) is not None:
                trace.change(event.t_ms, event.level_mg)
        if now_ms >= self._due_ms:
            self.flush(now_ms)
            self._due_ms = now_ms + _BATCH_MS

    def flush(self, now_ms: int) -> None:
        """Write everything before ``now_ms``."""
        for trace in self._traces.values():
            trace.sample_until(now_ms)

    @property
    def samples(self) -> int:
        """How many were written."""
        return sum(trace.samples for trace in self._traces.values())


def traces_of(
    cells: Iterable[CellSpec],
    stocks: Mapping[str, Stock],
    outs: Mapping[str, TextIO],
    *,
    seed: int,
    started_ms: int,
    faults: FaultSchedule,
) -> CellTraces:
    """Return the traces of a store's cells, each with its file from ``outs`` by slot."""
    return CellTraces(
        {
            cell.slot_id: CellTrace(
                cell,
                outs[cell.slot_id],
                mass_mg=stocks[cell.slot_id].mass_mg,
                seed=seed,
                started_ms=started_ms,
                faults=faults,
            )
            for cell in cells
        }
    )


def _pressed_g(fault: Fault, times_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    during = (times_ms >= fault.begins_ms) & (times_ms < fault.ends_ms)
    if fault.kind is FaultKind.CELL_DRIFTING:
        # A zero that has drifted does not come back by itself.
        passed_ms = np.clip(times_ms - fault.begins_ms, 0, fault.ends_ms - fault.begins_ms)
        drifted_g: NDArray[np.float64] = fault.amount * passed_ms / 3_600_000
        return drifted_g
    pressed_g: NDArray[np.float64] = np.where(during, fault.amount, 0.0)
    return pressed_g


def _as_cell_faults(presses: tuple[Fault, ...], clocks: tuple[Fault, ...]) -> list[CellFault]:
    faults = [
        CellFault(CellFaultKind.VIBRATION, f.begins_ms, f.begins_ms + _KNOCK_MS, f.amount)
        for f in presses
        if f.kind is FaultKind.CELL_BUMPED
    ]
    faults += [CellFault(CellFaultKind.CLOCK_JUMP, f.begins_ms, f.ends_ms, f.amount * 1000) for f in clocks]
    return faults
