"""``storesense edge check``: what a site file describes, or what is wrong with it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from storesense_contracts.errors import StoresenseError
from storesense_contracts.site import CameraDevice, ShelfDevice, load_site
from storesense_contracts.site_sources import Recording, SimulatedSource, TraceSource, UsbSource
from storesense_contracts.yaml_file import FileError
from storesense_edge.camera_credentials import masked
from storesense_edge.camera_detector import make_detector
from storesense_edge.camera_source import open_source
from storesense_edge.double_counting import counted_twice
from storesense_edge.floor_gaps import left_out, off_floor
from storesense_edge.line_room import short_of_room
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf_agent import open_trace
from storesense_edge.site_mapping import ANY_FRAME_WH, camera_plan, slot_calibration, slot_spec
from storesense_edge.vision.errors import VisionError
from storesense_edge.vision.pipeline import check_plan
from storesense_edge.zone_view import partly_unseen

if TYPE_CHECKING:
    from pathlib import Path

    from storesense_contracts.site import SiteFile


class SiteCheckError(StoresenseError):
    """A site file reads well, and something in it cannot work; the message has a line for each."""

    exit_code = 2
    code = "bad_site"

    def __init__(self, *, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))


def check_site(path: Path, *, prints_json: bool) -> int:
    """Check a site file: its words, geometry, calibrations and recordings. Returns 0, or 2 with JSON and mistakes.

    Raises:
        FileError: with the line of every mistake, unless JSON was asked for.
        SiteCheckError: a geometry, calibration or recording cannot work, unless JSON was asked for.
    """
    try:
        site = _checked(path)
    except (FileError, SiteCheckError) as exc:
        if not prints_json:
            raise
        sys.stdout.write(json.dumps({"ok": False, "problems": _as_json(exc)}) + "\n")
        return exc.exit_code
    advice = counted_twice(site) + left_out(site) + off_floor(site) + short_of_room(site) + partly_unseen(site)
    if prints_json:
        told = {"ok": True, "store_id": site.store.id, **_counts(site), "advice": advice}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        sys.stdout.write("\n".join(describe(site) + [f"  advice: {each}" for each in advice]) + "\n")
    return 0


def _checked(path: Path) -> SiteFile:
    site = load_site(path)
    problems = problems_of(site)
    if problems:
        raise SiteCheckError(path=path, problems=problems)
    return site


def problems_of(site: SiteFile) -> list[str]:
    """Find what the agent would refuse: geometry, homographies, models, calibrations, unreadable recordings."""
    problems = []
    for device in site.devices:
        try:
            if isinstance(device, CameraDevice) and device.source.kind != "simulated":
                check_plan(camera_plan(device, site.store, ANY_FRAME_WH))
                make_detector(device)
                if isinstance(device.source, Recording):
                    with open_source(device):
                        pass
        except VisionError as exc:
            problems.append(f"device {device.id}: {exc}")
        if isinstance(device, ShelfDevice):
            for slot in device.slots:
                try:
                    if slot.calibration is not None:
                        layout = next(x for x in site.store.slots if x.id == slot.slot)
                        slot_spec(layout, slot_calibration(slot.calibration))
                    if isinstance(slot.source, TraceSource):
                        next(open_trace(slot.source).samples())
                except ShelfError as exc:
                    problems.append(f"device {device.id}, slot {slot.slot}: {exc}")
    return problems


def describe(site: SiteFile) -> list[str]:
    """Say in a few lines what a site file describes."""
    store = site.store
    width_m, depth_m = store.floor.size_m
    lines = [
        f"{store.name} ({store.id}), {width_m:g} x {depth_m:g} m, {store.time_zone}",
        "  "
        + ", ".join(
            f"{len(items)} {name}"
            for name, items in (
                ("lines", store.lines),
                ("zones", store.zones),
                ("queues", store.queues),
                ("lanes", store.lanes),
                ("slots", store.slots),
                ("environment sensors", store.environment_sensors),
            )
            if items
        ),
    ]
    for device in site.devices:
        if isinstance(device, CameraDevice):
            parts = [f"{len(device.lines)} lines, {len(device.zones)} zones, {len(device.queues)} queues"]
            parts += ["a heatmap"] if device.heatmap else []
            parts.append(_origin(device))
            lines.append(f"  camera {device.id}: {'; '.join(parts)}")
        elif isinstance(device, ShelfDevice):
            recorded = sum(isinstance(slot.source, TraceSource) for slot in device.slots)
            live = sum(not isinstance(slot.source, TraceSource | SimulatedSource) for slot in device.slots)
            parts = [f"{len(device.slots)} slots, {recorded} of them from a recording"]
            parts += [f"{live} live"] if live else []
            lines.append(f"  shelf {device.id}: {', '.join(parts)}")
        else:
            lines.append(f"  {device.kind} {device.id}: simulated")
    lines.append(f"  {len(site.rules)} rules: {', '.join(f'{r.id} ({r.kind})' for r in site.rules) or 'none'}")
    return lines


def _origin(device: CameraDevice) -> str:
    source = device.source
    if isinstance(source, Recording):
        return f"from {source.path.name} at speed {source.speed}"
    if isinstance(source, UsbSource):
        return f"live from the USB camera {source.device}"
    return "simulated" if isinstance(source, SimulatedSource) else f"live from {masked(source.url)}"


def _counts(site: SiteFile) -> dict[str, int]:
    return {"devices": len(site.devices), "rules": len(site.rules), "slots": len(site.store.slots)}


def _as_json(exc: FileError | SiteCheckError) -> list[dict[str, object]]:
    if isinstance(exc, FileError):
        return [{"line": p.line, "where": p.where, "message": p.message} for p in exc.problems]
    return [{"line": None, "where": "", "message": problem} for problem in exc.problems]
