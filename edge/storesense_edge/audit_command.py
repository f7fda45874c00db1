"""``storesense edge audit``: check what a line counts against a tally, on this box."""

from __future__ import annotations

import getpass
import json
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from storesense_contracts.errors import UsageError
from storesense_contracts.site import CameraDevice, load_site
from storesense_edge.audit import audit_line, described, read_tally
from storesense_edge.drawing import DeviceDrawing, drawing_path
from storesense_edge.local_password import write_password
from storesense_edge.local_server import AuditLine, LocalAudit, serve
from storesense_edge.site_mapping import ANY_FRAME_WH, camera_plan
from storesense_edge.trajectories import TrajectoryFile, trajectory_path
from storesense_edge.vision.camera_plan import lines_px
from storesense_edge.vision.errors import GeometryError

if TYPE_CHECKING:
    from pathlib import Path

    from storesense_edge.drawing import Drawn

PASSWORD_FILE = "audit.password"  # noqa: S105 -- a file's name


def cameras_of(site_path: Path, state_dir: Path) -> dict[str, LocalAudit]:
    """Return each camera that counts at a line, with its lines and trajectories. Raises FileError, UsageError."""
    site = load_site(site_path)
    folder = state_dir / site.store.id
    found = {}
    for device in site.devices:
        if not isinstance(device, CameraDevice) or device.source.kind == "simulated":
            continue
        drawing = DeviceDrawing(device, site.store, drawing_path(folder, device.id))
        drawing.load()
        if lines := _lines_of(drawing.now):
            found[device.id] = LocalAudit(TrajectoryFile(trajectory_path(folder, device.id)), lines)
    if not found:
        raise UsageError(f"No camera of {site_path} counts at a line, so there is nothing to audit.")
    return found


def _lines_of(drawn: Drawn) -> tuple[AuditLine, ...]:
    names = {line.id: line.name for line in drawn.store.lines}
    device = drawn.device.model_copy(update={"zones": [], "queues": [], "heatmap": None})
    try:
        seen = {line.line_id: line for line in lines_px(camera_plan(device, drawn.store, ANY_FRAME_WH))}
    except GeometryError:
        seen = {}  # the agent says what is wrong with it; what was counted before can be audited all the same
    lines = []
    for view in device.lines:
        line = seen.get(view.line)
        ends = () if line is None else (_fraction(line.a_xy), _fraction(line.b_xy), line.in_side.value)
        lines.append(AuditLine(view.line, names.get(view.line, view.line), *ends))
    return tuple(lines)


def _fraction(point_px: tuple[float, float]) -> tuple[float, float]:
    return (round(point_px[0] / ANY_FRAME_WH[0], 4), round(point_px[1] / ANY_FRAME_WH[1], 4))


def tally(
    site_path: Path, state_dir: Path, line_id: str, csv_path: Path, span: tuple[str, str], *, json_out: bool
) -> int:
    """Compare a tally from a CSV file with what was counted. Raises UsageError, TrajectoryError, FileError."""
    from_ms, to_ms = (_instant_ms(text) for text in span)
    audit_of = next((each for each in cameras_of(site_path, state_dir).values() if each.counts_at(line_id)), None)
    if audit_of is None:
        raise UsageError(f"No camera of {site_path} counts at a line {line_id!r}.")
    now_ms = int(time.time() * 1000)
    people = read_tally(csv_path)
    found = audit_line(audit_of.trajectories, line_id, people, from_ms=from_ms, to_ms=to_ms, now_ms=now_ms)
    sys.stderr.write("\n".join(described(each) for each in found.accuracy) + "\n")
    sys.stderr.write("The agent sends these numbers within a minute; the trajectories stay on this box.\n")
    if json_out:
        sys.stdout.write(json.dumps({"accuracy": msgspec.to_builtins(found.accuracy)}) + "\n")
    return 0


def set_password(state_dir: Path) -> int:
    """Ask for the password of the audit page and keep its hash. Raises UsageError."""
    first = getpass.getpass("Password of the audit page (12 characters or more): ")
    if first != getpass.getpass("Once more: "):
        raise UsageError("The two passwords differ; begin again.")
    write_password(state_dir / PASSWORD_FILE, first)
    sys.stderr.write("The password is set.\n")
    return 0


def serve_page(site_path: Path, state_dir: Path, listen: tuple[str, int], certificate: tuple[Path, Path] | None) -> int:
    """Serve the audit page until interrupted. Raises UsageError, FileError."""
    serve(cameras_of(site_path, state_dir), state_dir / PASSWORD_FILE, listen, certificate)
    return 0


def _instant_ms(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise UsageError(f"{text!r} is no instant; write it as 2026-11-21T17:00:00+01:00.") from exc
    if at.tzinfo is None:
        raise UsageError(f"{text!r} does not say its offset; write it as 2026-11-21T17:00:00+01:00.")
    return int(at.timestamp() * 1000)
