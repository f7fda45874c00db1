"""One slot of a shelf: its live cell, or its recorded trace paced, measured, as a stream of findings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from storesense_contracts.readings import HealthReading, HealthState
from storesense_contracts.site_sources import Hx711Source, SerialScaleSource, SimulatedSource, TraceSource
from storesense_contracts.topics import Stream
from storesense_edge.command_runner import CommandRefusedError
from storesense_edge.health import Health
from storesense_edge.pacing import Moment, Pacer
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.hx711 import Hx711Reader
from storesense_edge.shelf.movement import Phase
from storesense_edge.shelf.pipeline import ShelfPipeline
from storesense_edge.shelf.sampling import CellSampler
from storesense_edge.shelf.serial_scale import SerialScale
from storesense_edge.shelf.trace import BadRows, TraceColumns, TraceFile
from storesense_edge.shelf_counting import COUNTS, HandCounts
from storesense_edge.shelf_neighbours import ShelfNeighbours
from storesense_edge.shelf_readings import event_reading, shelf_readings
from storesense_edge.shelf_telling import SlotTelling
from storesense_edge.site_mapping import cell_calibration, slot_spec
from storesense_edge.slot_zeros import ZeroError
from storesense_edge.source_asks import SourceAsks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storesense_contracts.clock import Clock
    from storesense_contracts.site import ShelfSlot
    from storesense_edge.planogram import DevicePlanogram
    from storesense_edge.shelf.calibration import Calibration
    from storesense_edge.shelf.sampling import Open, SamplingReport
    from storesense_edge.shelf.source import LoadCellSample
    from storesense_edge.slot_units import SlotUnits
    from storesense_edge.slot_zeros import SlotZeros
    from storesense_edge.source_thread import Finding, Stop

_CHECK_S = 10.0
_PAUSE_BETWEEN_PASSES_S = 1.0
_TAKE_S = 0.2
_ZERO_S = 10.0
_MOST_ZERO_SHARE = 0.04
_MOST_ZERO_G = 200.0


class SlotAgent:
    """Reads, paces and weighs one slot; everything in it blocks, so it runs on a thread.

    A row of the trace that is no sample is left out and said so in the slot's condition; a trace without a single
    good row is an error.

    Args:
        slot: the load cell in the site file.
        planogram: says what the slot holds, also when that changes.
        clock: tells the time.
        neighbours: the slots that stand beside it, as far as the site file says.
        zeros: keeps zeros that are taken while it runs; None to keep none.
        units: keeps what lies on shared plates from one start to the next; None to keep nothing.
    """

    def __init__(
        self,
        slot: ShelfSlot,
        planogram: DevicePlanogram,
        clock: Clock,
        neighbours: ShelfNeighbours | None = None,
        zeros: SlotZeros | None = None,
        units: SlotUnits | None = None,
    ) -> None:
        self._slot = slot
        self._planogram = planogram
        self._plan = planogram.plan_of(slot.slot)
        self._clock = clock
        self._neighbours = neighbours or ShelfNeighbours(())
        self._zeros = zeros
        self._units = None if isinstance(slot.source, TraceSource) else units
        self._zero_asks = SourceAsks()
        self._media_s = 0.0
        self._skus: list[str] = []
        self._telling = SlotTelling(slot.slot)
        self._counts = HandCounts(slot.slot)

    async def zero(self) -> str:
        """Take the present weight for zero, on the event loop; return what to say of it.

        Raises:
            NoAnswerError: the cell gave nothing in time.
            CommandRefusedError: it does not rest, or more lies there than an empty slot can weigh.
        """
        return await self._zero_asks.ask(_ZERO_S, f"Slot {self._slot.slot} gave no weight within {_ZERO_S:.0f} s.")

    def measure(self, stop: Stop) -> Iterator[list[Finding]]:
        """Yield findings until the trace ends or the stop is set.

        Raises:
            ShelfError: the trace or the calibration cannot be used.
        """
        source = self._slot.source
        if isinstance(source, SimulatedSource):
            raise ShelfError(f"Slot {self._slot.slot} is simulated; let storesense sim live publish for it.")
        calibration = cell_calibration(self._slot)
        if self._zeros is not None and not isinstance(source, TraceSource):
            calibration = self._zeros.applied(self._slot.slot, calibration)
        if not isinstance(source, TraceSource):
            yield from self._live(source, self._new_pipeline(calibration), stop)
            return
        trace = open_trace(source)
        pacer = Pacer(source.speed)
        begin_media_s = 0.0
        while True:
            yield [Health(self._slot.slot)]
            pipeline = self._new_pipeline(calibration)
            yield from self._one_pass(trace, pipeline, pacer, begin_media_s, stop)
            if stop.is_set:
                return
            yield [self._condition(trace, pipeline)]
            if not source.loop:
                ended = f"recording ended: {source.path.name} ended after {trace.report.samples} samples."
                yield [Health(self._slot.slot, HealthState.DEGRADED, _joined(ended, _problems(trace)))]
                return
            begin_media_s = self._media_s + _PAUSE_BETWEEN_PASSES_S

    def _new_pipeline(self, calibration: Calibration) -> ShelfPipeline:
        self._plan = self._planogram.plan_of(self._slot.slot)
        pipeline = ShelfPipeline(slot_spec(self._plan.slot, calibration, self._plan.strangers))
        self._neighbours.plan(self._slot.slot, pipeline.spec)
        self._skus = [product.sku for product in pipeline.spec.products]
        if self._units is not None and len(self._skus) > 1:
            known = self._units.recalled(self._slot.slot, self._skus, self._clock.now())
            if known is not None:
                pipeline.holdings.remember(known)
        self._telling.begin()
        self._counts.begin(self._clock.now().timestamp())
        return pipeline

    def _step(
        self, pipeline: ShelfPipeline, sample: LoadCellSample, to_present: Callable[[datetime], datetime]
    ) -> list[Finding]:
        slot_id = self._slot.slot
        plan = self._planogram.plan_of(slot_id)
        if plan is not self._plan:
            self._plan = plan
            pipeline.replan(slot_spec(plan.slot, pipeline.spec.calibration, plan.strangers))
            self._neighbours.plan(slot_id, pipeline.spec)
            self._skus = [product.sku for product in pipeline.spec.products]
        findings: list[Finding] = self._taken_count(pipeline)
        seen = pipeline.step(sample)
        event = None
        if seen is not None:
            if self._units is not None and seen.stock is not None:
                stock = seen.stock
                self._units.keep(slot_id, self._skus, stock.units, stock.confidence, self._clock.now())
            findings += shelf_readings(slot_id, replace(seen, event=None), to_present, self._skus)
            if seen.event is not None:
                happened_at = to_present(seen.step_at or seen.measured_at)
                event = replace(self._telling.numbered(seen.event), at_s=happened_at.timestamp())
                self._counts.saw(event, event.at_s)
        told = self._neighbours.step(
            slot_id,
            is_moving=pipeline.detector.phase is Phase.MOVING,
            event=event,
            now_s=to_present(sample.measured_at).timestamp(),
        )
        for each in told:
            happened_at = datetime.fromtimestamp(each.event.at_s, UTC)
            if each.slot_id == slot_id:
                findings.append(self._telling.event(each.event, happened_at, each.straddles))
            else:
                reading = event_reading(each.slot_id, each.event, happened_at, straddles=each.straddles)
                findings.append((Stream.SHELF, reading))
        for no in self._neighbours.halves(slot_id):
            pipeline.holdings.laid_across(self._telling.own_no(no))
        if seen is not None and seen.corrections:
            findings += self._telling.corrections(seen.corrections)
        return findings

    def _take_zero(self, pipeline: ShelfPipeline) -> None:
        """Take the present weight for zero where somebody asked for it and it can be."""
        asked = self._zero_asks.take()
        if asked is None or not asked.set_running_or_notify_cancel():
            return
        try:
            was_g, calibration = empty_slot_zero(pipeline)
            if self._zeros is not None and not isinstance(self._slot.source, TraceSource):
                self._zeros.keep(self._slot.slot, cell_calibration(self._slot), calibration)
        except (ShelfError, ZeroError) as exc:
            asked.set_exception(CommandRefusedError(str(exc)))
            return
        pipeline.zero()
        # A count from before says nothing of a slot that was emptied since.
        self._counts.begin(self._clock.now().timestamp())
        asked.set_result(f"Slot {self._slot.slot} is zero where it showed {was_g:,.0f} g.")

    def _taken_count(self, pipeline: ShelfPipeline) -> list[Finding]:
        count = self._planogram.count_of(self._slot.slot)
        if not self._counts.is_new(count):
            return []
        now_at = self._clock.now()
        counted = self._counts.take(count, pipeline, self._skus, now_at.timestamp())
        if counted is None:
            return []
        return [
            (
                Stream.HEALTH,
                HealthReading(measured_at=now_at, component_id=COUNTS, state=HealthState.OK, counted=counted),
            )
        ]

    def _live(
        self, source: Hx711Source | SerialScaleSource, pipeline: ShelfPipeline, stop: Stop
    ) -> Iterator[list[Finding]]:
        told: Health | None = None
        checked_s, counted = self._clock.monotonic_s(), 0
        with CellSampler(cell_of(source), self._clock, name=self._slot.slot) as sampler:
            while not stop.wait(0.0):
                findings: list[Finding] = []
                for sample in sampler.take(_TAKE_S):
                    counted += 1
                    self._take_zero(pipeline)
                    findings += self._step(pipeline, sample, lambda instant_at: instant_at)
                now_s = self._clock.monotonic_s()
                report = sampler.report
                is_due = now_s - checked_s >= _CHECK_S
                if is_due or told is None or (report.problem is not None) != (told.state is HealthState.FAILED):
                    rate = round(counted / (now_s - checked_s), 1) if is_due else None
                    told = self._live_condition(report, pipeline, rate)
                    findings.append(told)
                    if is_due:
                        checked_s, counted = now_s, 0
                if findings:
                    yield findings

    def _live_condition(self, report: SamplingReport, pipeline: ShelfPipeline, samples_per_s: float | None) -> Health:
        if report.problem is not None:
            return Health(self._slot.slot, HealthState.FAILED, report.problem, samples_per_s)
        dropped = f"{report.dropped} samples were dropped: this machine is too busy." if report.dropped else None
        return self._verdict(pipeline, dropped, samples_per_s)

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
            self._take_zero(pipeline)
            findings = self._step(pipeline, sample, self._to_present(pacer, first_at, begin_media_s))
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
        return self._verdict(pipeline, _problems(trace), samples_per_s)

    def _verdict(self, pipeline: ShelfPipeline, problem: str | None, samples_per_s: float | None) -> Health:
        faults = pipeline.faults
        due = pipeline.holdings.calibration_due
        reasons = [*(fault.sentence for fault in faults), problem, f"Calibration due: {due}." if due else None]
        problems = _joined(*reasons) or None
        state = HealthState.DEGRADED if problems else HealthState.OK
        if any(fault.is_blinding for fault in faults):
            state = HealthState.FAILED
        return Health(self._slot.slot, state, problems, samples_per_s)


def empty_slot_zero(pipeline: ShelfPipeline) -> tuple[float, Calibration]:
    """Return the present weight of a slot that somebody says is empty, and the calibration with its zero there.

    The bound is that of a scale's zero key, 4 % of what the cell carries (OIML R 76-1, 4.5.1).

    Raises:
        ShelfError: it does not rest, its cell is faulty, or it carries more than drift explains.
    """
    if any(fault.is_blinding for fault in pipeline.faults):
        raise ShelfError("The cell is faulty, so its zero would be wrong; repair it first.")
    if pipeline.detector.phase is not Phase.RESTING:
        raise ShelfError("The slot does not rest; leave it alone for some seconds and ask again.")
    weight_g, capacity_g = pipeline.holdings.weight_g(pipeline.detector.level_g), pipeline.spec.capacity_g
    most_g = _MOST_ZERO_G if capacity_g is None else _MOST_ZERO_SHARE * capacity_g
    if abs(weight_g) > most_g:
        raise ShelfError(
            f"The slot carries {weight_g:,.0f} g, and an empty one at most {most_g:,.0f} g; empty it, or calibrate it."
        )
    return weight_g, pipeline.tared()


def cell_of(source: Hx711Source | SerialScaleSource) -> Open:
    """Return how to open a live cell."""
    if isinstance(source, Hx711Source):
        return Hx711Reader(source.device, source.channel, samples_per_s=source.samples_per_s).open
    return SerialScale(Path(source.device), baud=source.baud, default_unit=source.unit, request=source.request).open


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
