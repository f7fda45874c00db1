"""``storesense edge cameras find``: cameras on the network and on this machine, with the words for the site file."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from storesense_edge.onvif import find_cameras
from storesense_edge.vision.errors import SourceError

if TYPE_CHECKING:
    from storesense_edge.onvif import FoundCamera

_BY_ID = Path("/dev/v4l/by-id")
_CLASS = Path("/sys/class/video4linux")


def usb_cameras(by_id: Path = _BY_ID, devices: Path = _CLASS) -> list[tuple[str, str]]:
    """Return path and name of each USB camera; the path by id where there is one, since it outlives a replug."""
    found: dict[str, str] = {}
    if devices.is_dir():
        for device in sorted(devices.iterdir()):
            name = device / "name"
            found[f"/dev/{device.name}"] = name.read_text().strip()[:100] if name.is_file() else ""
    if by_id.is_dir():
        for link in sorted(by_id.iterdir()):
            target = f"/dev/{link.resolve().name}"
            if target in found and link.name.endswith("index0"):
                found[str(link)] = found.pop(target)
    return sorted(found.items())


def find(duration_s: float, interface: str | None, *, prints_json: bool) -> int:
    """Look for cameras and print them; a network that cannot be asked leaves the USB cameras.

    Raises:
        SourceError: the probe cannot be sent and there is no USB camera either.
    """
    sys.stderr.write(f"Asking the network for cameras, for {duration_s:g} s …\n")
    usb = usb_cameras()
    network: list[FoundCamera] = []
    try:
        network = find_cameras(duration_s, interface=interface)
    except SourceError as exc:
        if not usb:
            raise
        sys.stderr.write(f"{exc}\n")
    if prints_json:
        found = {"onvif": [asdict(camera) for camera in network], "usb": [{"device": d, "name": n} for d, n in usb]}
        sys.stdout.write(json.dumps(found) + "\n")
        return 0
    for camera in network:
        sys.stdout.write(f'# {camera.name} {camera.model}\nsource: {{kind: onvif, url: "{camera.url}"}}\n')
    for device, name in usb:
        sys.stdout.write(f"# {name}\nsource: {{kind: usb, device: {device}}}\n")
    if not network and not usb:
        sys.stderr.write(
            "No camera answered. Cameras answer in their own network only, and only with ONVIF switched on in their "
            "settings; name this machine's address there with --interface, or give its stream as an rtsp source.\n"
        )
    return 0
