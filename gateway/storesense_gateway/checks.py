"""What a reading's type alone cannot say is wrong with it."""

import math
import zlib

from storesense_contracts.readings import MAX_HEATMAP_CELLS, HealthReading, HeatmapReading

_MAX_INT8 = (1 << 63) - 1


def check_heatmap(reading: HeatmapReading) -> str | None:
    """Return why a packed grid cannot be what it says, or None; never unpacks more than it says."""
    cells = reading.columns * reading.rows
    if cells > MAX_HEATMAP_CELLS:
        return f"{reading.columns} x {reading.rows} cells; a grid has at most {MAX_HEATMAP_CELLS}"
    if not all(math.isfinite(value) for value in reading.origin_xy_m):
        return "origin_xy_m is not finite"
    unpacker = zlib.decompressobj()
    try:
        grid = unpacker.decompress(reading.presence_ds, cells * 2 + 1)
    except zlib.error as exc:
        return f"presence_ds is no zlib stream: {exc}"
    if len(grid) != cells * 2 or not unpacker.eof or unpacker.unused_data:
        return f"presence_ds does not unpack to {cells * 2} bytes, which {reading.columns} x {reading.rows} cells take"
    return None


def check_health(reading: HealthReading) -> str | None:
    """Return what of a health reading PostgreSQL would refuse, or None."""
    if reading.reason is not None and "\x00" in reading.reason:
        return "reason contains a NUL character"
    for name in ("outbox_bytes", "uptime_s"):
        value = getattr(reading, name)
        if value is not None and value > _MAX_INT8:
            return f"{name} is beyond 64 bits"
    return None
