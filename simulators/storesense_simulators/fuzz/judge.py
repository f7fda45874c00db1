"""What may be a row: judged from the payload's own text, with Python's JSON reader and limits written down anew.

Nothing of the decoder is believed here. A row has to be a reading that stands at its place in a message of version 1 on
a device's topic of ours, with every value as it was written there and within the contract's bounds.
"""

import base64
import json
import math
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from storesense_contracts.readings import AnyReading, HeatmapReading
from storesense_gateway.entries import Entry

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BOOT = re.compile(r"[0-9a-f]{32}")
_COUNT = (0, 1_000_000)
_YEAR_MS = (0, 31_536_000_000)
_MASS_MG = (-10_000_000_000, 10_000_000_000)
_INT8 = (0, 2**63 - 1)
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "period_ms": (1, 60_000),
    "in_count": _COUNT,
    "out_count": _COUNT,
    "entry_count": _COUNT,
    "exit_count": _COUNT,
    "visit_count": _COUNT,
    "stop_count": _COUNT,
    "unknown_count": _COUNT,
    "staff_in_count": _COUNT,
    "staff_out_count": _COUNT,
    "served_count": _COUNT,
    "people_count": (5, 1_000_000),
    "till_count": (1, 1_000),
    "span_ms": (1, 900_000),
    "busy_ms": _YEAR_MS,
    "people_ms": _YEAR_MS,
    "staff_ms": _YEAR_MS,
    "occupancy": (0, 100_000),
    "presence_ms": _YEAR_MS,
    "visit_dwell_ms": _YEAR_MS,
    "longest_wait_ms": _YEAR_MS,
    "wait_ms": _YEAR_MS,
    "service_ms": _YEAR_MS,
    "length": (0, 10_000),
    "weight_mg": _MASS_MG,
    "delta_mg": _MASS_MG,
    "units": _COUNT,
    "confidence": (0, 1),
    "temperature_c": (-100, 200),
    "humidity_pct": (0, 100),
    "noise_dba": (0, 200),
    "light_lux": (0, 500_000),
    "cell_size_m": (5e-324, 100),
    "columns": (1, 1_024),
    "rows": (1, 1_024),
    "frames_per_s": (0, 10_000),
    "outbox_messages": _COUNT,
    "outbox_bytes": _INT8,
    "uptime_s": _INT8,
    "clock_offset_ms": (-(10**15), 10**15),
}
_FAMILY_STREAMS: Mapping[str, set[str]] = {
    "footfall": {"FootfallReading"},
    "zone": {"ZoneReading"},
    "queue": {"QueueSample", "QueueVisit"},
    "lane": {"LaneReading"},
    "heatmap": {"HeatmapReading"},
    "flow": {"LineParties", "ZoneDwell", "LaneService", "ZoneTransition"},
    "shelf": {"ShelfWeight", "ShelfEvent", "ShelfCorrection"},
    "environment": {"EnvironmentReading"},
    "health": {"HealthReading"},
    "result": {"CommandResult"},
}
_UNSET_BEFORE_AT = datetime(2025, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(seconds=60)
_OLD = timedelta(days=400)


def told(payload: bytes) -> dict[str, Any] | None:
    """Return a payload as Python reads it, the last of equal names counting; None if that is no JSON object.

    Bytes that are no UTF-8 become lone surrogates, so that what stands beside them can still be judged.
    """
    try:
        tree = json.loads(payload.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def has_good_head(payload: bytes) -> bool:
    """Tell whether a payload begins with a header as the contract has it: in order, each name once, no drops."""
    tree = told(payload)
    if tree is None or len(payload) > 262_144 or tree.get("dropped") or list(tree)[:3] != ["v", "boot_id", "seq"]:
        return False
    if any(payload.count(name) != 1 for name in (b'"v"', b'"boot_id"', b'"seq"')):
        return False
    boot_id, seq, version = tree.get("boot_id"), tree.get("seq"), tree.get("v")
    return (
        type(version) is int
        and 1 <= version <= 1_000
        and type(seq) is int
        and 0 <= seq < 2**63 - 1
        and isinstance(boot_id, str)
        and _BOOT.fullmatch(boot_id) is not None
    )


def wrong_rows(entry: Entry, topic: str, payload: bytes, received_at: datetime) -> list[str]:
    """Return what is wrong with the rows that an entry would become; nothing for an entry without rows."""
    if not entry.parts:
        return []
    tree = told(payload)
    if tree is None:
        return ["rows of what is no JSON object"]
    wrong = _wrong_head(entry, topic, tree)
    raws = tree.get("readings")
    if not isinstance(raws, list) or len(raws) > 1_000:
        return [*wrong, "rows of a message without a list of at most 1000 readings"]
    is_unset = entry.sent_at is not None and entry.sent_at < _UNSET_BEFORE_AT
    for part in entry.parts:
        for idx, reading in zip(part.idxs, part.readings, strict=True):
            raw = raws[idx] if 0 <= idx < len(raws) else None
            if not isinstance(raw, dict):
                wrong.append(f"a row of reading {idx}, which is no object")
                continue
            wrong += _wrong_reading(reading, raw, received_at, is_unset=is_unset)
    return wrong


def _wrong_head(entry: Entry, topic: str, tree: dict[str, Any]) -> list[str]:
    wrong: list[str] = []
    parts = topic.split("/")
    store_id, device_id, boot_id = entry.boot
    if len(parts) != 6 or parts[:2] != ["storesense", "v1"] or parts[4] != "up":
        wrong.append("rows of a topic that is none of ours")
    elif [store_id, device_id] != parts[2:4] or not (_ID.fullmatch(store_id) and _ID.fullmatch(device_id)):
        wrong.append("rows of another device than the topic's")
    elif {type(each.readings[0]).__name__ for each in entry.parts} - _FAMILY_STREAMS.get(parts[5], set()):
        wrong.append("rows of another stream than the topic's")
    if tree.get("v") != 1 or tree.get("boot_id") != boot_id or not _BOOT.fullmatch(boot_id):
        wrong.append("rows of another version or boot than the header's")
    if tree.get("seq") != entry.seq or not 0 <= entry.seq < 2**63 - 1:
        wrong.append("rows under another number than the header's")
    return wrong


def _wrong_reading(reading: AnyReading, raw: dict[str, Any], received_at: datetime, *, is_unset: bool) -> list[str]:
    wrong: list[str] = []
    if not received_at - _OLD <= reading.measured_at <= received_at + _AHEAD:
        wrong.append(f"measured at {reading.measured_at}, which is not to be believed")
    for name in reading.__struct_fields__:
        value = getattr(reading, name)
        if name == "measured_at":
            if not is_unset and not _same_instant(value, raw.get(name)):
                wrong.append(f"measured_at is {value}, and the message says {raw.get(name)!r}")
            continue
        if name in raw:
            if not _same(value, raw[name]):
                wrong.append(f"{name} is {value!r}, and the message says {str(raw[name])[:80]!r}")
        elif value:
            wrong.append(f"{name} is {value!r}, of which the message says nothing")
        wrong += _out_of_bounds(name, value)
    if isinstance(reading, HeatmapReading):
        wrong += _wrong_grid(reading)
    return wrong


def _same(value: object, raw: object) -> bool:
    if isinstance(value, bytes):
        return isinstance(raw, str) and base64.b64decode(raw) == value
    if isinstance(value, tuple):
        return isinstance(raw, list) and list(value) == raw
    return bool(value == raw)


def _same_instant(value: datetime, raw: object) -> bool:
    if not isinstance(raw, str):
        return False
    try:
        read_at = datetime.fromisoformat(raw.upper().replace(" ", "T"))
        return read_at.tzinfo is not None and abs(value - read_at) < timedelta(microseconds=2)
    except (ValueError, OverflowError):
        # RFC 3339 allows what Python's reader does not (a fraction of ten digits); the date at least is the same.
        return abs(value - datetime.fromisoformat(raw[:10]).replace(tzinfo=UTC)) <= timedelta(days=2)


def _out_of_bounds(name: str, value: object) -> list[str]:
    if value is None:
        return []
    if name in _BOUNDS:
        low, high = _BOUNDS[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            return [f"{name} is {value!r}, beyond {low} to {high}"]
    elif (name.endswith("_id") or name == "sku") and not (isinstance(value, str) and _ID.fullmatch(value)):
        return [f"{name} is {value!r}, which is no id"]
    elif name == "reason" and (len(str(value)) > 500 or "\x00" in str(value)):
        return ["a reason that is too long, or that no table takes"]
    return []


def _wrong_grid(reading: HeatmapReading) -> list[str]:
    size = 2 * reading.columns * reading.rows
    if size > 2 * 65_536 or not all(map(math.isfinite, reading.origin_xy_m)):
        return ["a grid of too many cells, or nowhere"]
    unpacker = zlib.decompressobj()
    grid = unpacker.decompress(reading.presence_ds, size + 1)
    return [] if len(grid) == size and unpacker.eof else ["a grid that does not unpack to its cells"]
