"""What the mutations begin with: one good message of every kind of reading, and files of a folder."""

import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from storesense_contracts.device_commands import CommandArguments, CommandKind, DeviceCommand
from storesense_contracts.device_config import ConfigDrawing, ConfigLine, ConfigProduct, ConfigSlot, DeviceConfig, Side
from storesense_contracts.errors import UsageError
from storesense_contracts.ids import CommandId
from storesense_contracts.messages import CommitAck, DeviceState, DeviceStatus
from storesense_contracts.readings import (
    AnyReading,
    CommandResult,
    CommandState,
    EnvironmentReading,
    FootfallReading,
    HealthReading,
    HealthState,
    HeatmapReading,
    LaneReading,
    LaneService,
    LineParties,
    QueueOutcome,
    QueueSample,
    QueueVisit,
    ShelfCorrection,
    ShelfEvent,
    ShelfEventKind,
    ShelfWeight,
    ZoneDwell,
    ZoneReading,
    ZoneTransition,
)
from storesense_contracts.topics import READING_STREAMS, Stream

BOOT = "0123456789abcdef0123456789abcdef"
_AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
_GRID = zlib.compress(bytes(2 * 4 * 3))

TO_DEVICES = frozenset({"ack", "command", "config"})
"""What a device reads."""
_NAMES = {stream.value for stream in Stream} | TO_DEVICES


class Seed(NamedTuple):
    """A good message: the stream it belongs to (or which of those to devices it is), and what stands in it."""

    stream: str
    body: dict[str, Any]


_READINGS: dict[Stream, list[AnyReading]] = {
    Stream.FOOTFALL: [FootfallReading(measured_at=_AT, period_ms=1_000, line_id="door", in_count=2, out_count=1)],
    Stream.ZONE: [
        ZoneReading(measured_at=_AT, period_ms=60_000, zone_id="aisle-1", occupancy=3, entry_count=4, exit_count=2),
        ZoneReading(
            measured_at=_AT,
            period_ms=1_000,
            zone_id="aisle-2",
            occupancy=0,
            presence_ms=90_000,
            visit_count=2,
            visit_dwell_ms=30_000,
            stop_count=1,
        ),
    ],
    Stream.QUEUE: [
        QueueSample(measured_at=_AT, queue_id="tills", length=4, longest_wait_ms=61_000),
        QueueVisit(measured_at=_AT, queue_id="tills", outcome=QueueOutcome.SERVED, wait_ms=42_000, service_ms=20_000),
    ],
    Stream.LANE: [LaneReading(measured_at=_AT, lane_id="lane-1", is_open=True, is_staffed=False)],
    Stream.HEATMAP: [
        HeatmapReading(
            measured_at=_AT,
            period_ms=60_000,
            floor_id="ground",
            origin_xy_m=(0.5, -1.0),
            cell_size_m=0.5,
            columns=4,
            rows=3,
            presence_ds=_GRID,
        )
    ],
    Stream.RESULT: [
        CommandResult(measured_at=_AT, command_id=BOOT, kind="identify", state=CommandState.DONE, detail="on edge-1")
    ],
    Stream.FLOW: [
        LineParties(measured_at=_AT, period_ms=60_000, line_id="door", in_count=2, out_count=1, staff_in_count=1),
        ZoneDwell(
            measured_at=_AT, period_ms=60_000, zone_id="aisle-1", dwell_counts=(3, 1) + (0,) * 15, people_ms=9_000
        ),
        LaneService(
            measured_at=_AT, period_ms=60_000, lane_id="lane-1", queue_id="tills", till_count=1, busy_ms=41_000
        ),
        ZoneTransition(
            measured_at=_AT,
            span_ms=900_000,
            camera_id="cam-1",
            people_count=7,
            from_zone_id="aisle-1",
            to_zone_id="aisle-2",
        ),
    ],
    Stream.SHELF: [
        ShelfWeight(measured_at=_AT, slot_id="slot-1", weight_mg=1_250_000, is_stable=True, units=5, confidence=0.9),
        ShelfEvent(
            measured_at=_AT,
            slot_id="slot-1",
            event=ShelfEventKind.PICK,
            units=1,
            delta_mg=-250_000,
            confidence=0.75,
            sku="SKU-2231",
            event_no=17,
        ),
        ShelfCorrection(
            measured_at=_AT,
            slot_id="slot-1",
            event_no=17,
            correction_no=1,
            told_event=ShelfEventKind.PICK,
            told_units=1,
            told_delta_mg=-250_000,
            told_sku="SKU-2231",
            event=ShelfEventKind.MISPLACED,
            units=1,
            delta_mg=-250_000,
            confidence=0.97,
            sku="SKU-4410",
        ),
    ],
    Stream.ENVIRONMENT: [
        EnvironmentReading(
            measured_at=_AT, sensor_id="chiller", temperature_c=4.5, humidity_pct=60.0, noise_dba=48.0, light_lux=300.0
        )
    ],
    Stream.HEALTH: [
        HealthReading(
            measured_at=_AT,
            component_id="camera",
            state=HealthState.DEGRADED,
            reason="the lens is dirty",
            frames_per_s=12.5,
            outbox_messages=3,
            outbox_bytes=4_096,
            uptime_s=86_400,
            clock_offset_ms=-120,
        )
    ],
}


def built_in_seeds() -> list[Seed]:
    """Return one good message of each stream, a status, and each of those to devices."""
    seeds = [
        Seed(
            stream.value,
            {
                "v": 1,
                "boot_id": BOOT,
                "seq": 7,
                "sent_at": _AT.isoformat(),
                "readings": msgspec.to_builtins(_READINGS[stream]),
            },
        )
        for stream in sorted(READING_STREAMS)
    ]
    status = DeviceStatus(boot_id=BOOT, state=DeviceState.ONLINE, software="storesense 1")
    ack = CommitAck(boot_id=BOOT, ranges=((0, 41), (43, 43)), received_at=_AT, echo_sent_at=_AT)
    command = DeviceCommand(
        command_id=CommandId(BOOT),
        kind=CommandKind.ZERO_SLOT,
        issued_at=_AT,
        expires_at=_AT + timedelta(minutes=5),
        arguments=CommandArguments(slot_id="slot-1"),
    )
    line = ConfigLine(line_id="door", in_side=Side.LEFT, image=((0.1, 0.5), (0.9, 0.5)))
    product = ConfigProduct(sku="4011", unit_weight_g=180.0)
    config = DeviceConfig(
        planogram_version=1,
        slots=(ConfigSlot(slot_id="slot-1", product=product, capacity_units=12),),
        drawing=ConfigDrawing(version=1, lines=(line,)),
    )
    told = {Stream.STATUS.value: status, "ack": ack, "command": command, "config": config}
    return [*seeds, *(Seed(name, msgspec.to_builtins(message)) for name, message in told.items())]


def seeds_in(folder: Path) -> list[Seed]:
    """Read good messages from ``STREAM.json`` files of a folder and its subfolders; others are left out.

    Raises:
        UsageError: there are none, or one is no JSON object.
    """
    seeds: list[Seed] = []
    for path in sorted(folder.rglob("*.json")):
        if path.stem not in _NAMES:
            continue
        try:
            seeds.append(Seed(path.stem, msgspec.json.decode(path.read_bytes(), type=dict[str, Any])))
        except (msgspec.DecodeError, OSError) as exc:
            raise UsageError(f"{path} is no message to begin with: {exc}") from exc
    if not seeds:
        raise UsageError(f"{folder} has no file of the name of a stream, as footfall.json; name another with --corpus")
    return seeds
