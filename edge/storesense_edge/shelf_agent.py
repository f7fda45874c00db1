"""One slot of a shelf: its recorded trace, paced and measured, as a stream of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storesense_contracts.readings import HealthState
from storesense_contracts.site import TraceSource
from storesense_edge.health import Health
from storesense_edge.pacing import Moment, Pacer
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.pipeline import ShelfPipeline
from storesense_edge.shelf.trace import BadRows, TraceColumns, TraceFile
from storesense_edge.shelf_readings import shelf_readings
from storesense_edge.site_mapping import slot_calibration, slot_spec, slot_strangers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from storesense_contracts.clock import Clock
    from storesense_contracts.layout import StoreLayout
    from storesense_contracts.site import ShelfSlot
    from storesense_edge.source_thread import Finding, Stop

_CHECK_S = 10.0
_PAUSE_BETWEEN_PASSES_S = 1.0


class SlotAgent:
    """Reads, paces and weighs one slot; everything in it blocks, so it runs on a thread.

    A row of the trace that is no sample is left out and said so in the slot's condition; a trace without a single
    good row is an error.

    Args:
        slot: the load cell in the site file.
        store: the store's layout.
        clock: tells the time.
    """

    def __init__(self, slot: ShelfSlot, store: StoreLayout, clock: Clock) -> None:
        self._slot = slot
        self._store = store
        self._layout_slot = next(x for x in store.slots if x.id == slot.slot)
        self._clock = clock
        self._media_s = 0.0

    def measure(self, stop: Stop) -> Iterator[list[Finding]]:
        """Yield findings until the trace ends or the stop is set.

        Raises:
            ShelfError: the trace or the calibration cannot be used.
        """
        source, calibration = self._slot.source, self._slot.calibration
        if not isinstance(source, TraceSource) or calibration is None:
            raise ShelfError(f"Slot {self._slot.slot} is simulated; let storesense sim live publish for it.")
        strangers = slot_strangers(self._layout_slot, self._store)
        spec = slot_spec(self._layout_slot, slot_calibration(calibration), strangers)
        trace = open_trace(source)
        pacer = Pacer(source.speed)
        begin_media_s = 0.0
        while True:
            yield [Health(self._slot.slot)]
            pipeline = ShelfPipeline(spec)
            yield from self._one_pass(trace, pipeline, pacer, begin_media_s, stop)
            if stop.is_set:
                return
            yield [self._condition(trace, pipeline)]
            if not source.loop:
                ended = f"recording ended: {source.path.name} ended after {trace.report.samples} samples."
                yield [Health(self._slot.slot, HealthState.DEGRADED, _joined(ended, _problems(trace)))]
                return
            begin_media_s = self._media_s + _PAUSE_BETWEEN_PASSES_S

    def _one_pass(
        self, trace: TraceFile, pipeline: ShelfPipeline, pacer: Pacer, begin_media_s: float, stop: Stop
    ) -> Iterator[list[Finding]]:
        first_at: datetime | None = None
        checked_s, counted = self._clock.monotonic_s(), 0
        for sample in trace.samples():
            first_at = first_at or sample.measured_at
            self._media_s = begin_media_s + (sample.measured_at - first_at).total_seconds()
            if stop.wait(pacer.wait_s(self._media_s, self._clock.monotonic_s())):
                return
            counted += 1
            findings: list[Finding] = []
            if (seen := pipeline.step(sample)) is not None:
                to_present = self._to_present(pacer, first_at, begin_media_s)
                findings += shelf_readings(self._layout_slot, seen, to_present)
            now_s = self._clock.monotonic_s()
            if now_s - checked_s >= _CHECK_S:
                findings.append(self._condition(trace, pipeline, samples_per_s=round(counted / (now_s - checked_s), 1)))
                checked_s, counted = now_s, 0
            if findings:
                yield findings

    def _to_present(self, pacer: Pacer, first_at: datetime, begin_media_s: float) -> Callable[[datetime], datetime]:
        moment = Moment(self._clock.now(), self._clock.monotonic_s())
        return lambda instant_at: pacer.instant(begin_media_s + (instant_at - first_at).total_seconds(), moment)

    def _condition(self, trace: TraceFile, pipeline: ShelfPipeline, samples_per_s: float | None = None) -> Health:
        faults = pipeline.faults
        due = pipeline.holdings.calibration_due
        reasons = [*(fault.sentence for fault in faults), _problems(trace), f"Calibration due: {due}." if due else None]
        problems = _joined(*reasons) or None
        state = HealthState.DEGRADED if problems else HealthState.OK
        if any(fault.is_blinding for fault in faults):
            state = HealthState.FAILED
        return Health(self._slot.slot, state, problems, samples_per_s)


def open_trace(source: TraceSource) -> TraceFile:
    """Make the trace that the site file names, which leaves out rows that are no samples."""
    columns = TraceColumns(timestamp=source.time_column, counts=source.counts_column)
    return TraceFile(source.path, columns, bad_rows=BadRows.SKIP)


def _problems(trace: TraceFile) -> str | None:
    report = trace.report
    if not report.skipped:
        return None
    return f"{report.skipped} rows of the trace are no samples and were left out; the first: {report.problems[0]}"


def _joined(*reasons: str | None) -> str:
    return " ".join(reason for reason in reasons if reason)
