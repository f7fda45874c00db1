"""Where the devices of a site file take what they measure from: recordings, live cameras, amplifiers and scales."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo

from storesense_contracts.layout import Id, StrictModel

Speed = Annotated[float, Field(gt=0, le=10_000)] | Literal["max"]


def _found_beside_site_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder", Path())
    found: Path = path if path.is_absolute() else folder / path
    if not found.is_file():
        raise ValueError(f"there is no file {str(found)!r} (a relative path starts at the site file's folder)")
    return found


ExistingFile = Annotated[Path, AfterValidator(_found_beside_site_file)]


class Recording(StrictModel):
    """A recording, replayed at ``speed`` times its own pace and mapped onto the present."""

    path: ExistingFile
    speed: Speed = 1.0
    loop: bool = False


class VideoSource(Recording):
    """A video file."""

    kind: Literal["video"]


class DetectionsSource(Recording):
    """Recorded detections in MOT format: frame, id, left, top, width, height, confidence."""

    kind: Literal["detections"]
    frames_per_s: Annotated[float, Field(gt=0, le=240)]
    frame_size_px: tuple[Annotated[int, Field(ge=16, le=16_384)], Annotated[int, Field(ge=16, le=16_384)]]


_PASSWORD_IN_QUERY = re.compile(r"(^|[&;])(pass|passwd|password|pwd|token|auth)[^=&;]*=", re.IGNORECASE)
_PASSWORD_IN_PATH = re.compile(r"[/&;_](pass|passwd|password|pwd|token|auth)=", re.IGNORECASE)
"""Some cameras want rtsp://HOST/user=NAME_password=WORD_channel=1.sdp."""


def _address(text: str, *schemes: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise ValueError(f"is no address ({exc}); write it as {schemes[0]}://HOST/PATH") from exc
    if parts.scheme.lower() not in schemes or not host or not text.isprintable() or " " in text:
        raise ValueError(f"is no address; write it as {schemes[0]}://HOST/PATH")
    has_login = parts.username is not None or parts.password is not None
    if has_login or _PASSWORD_IN_QUERY.search(parts.query) or _PASSWORD_IN_PATH.search(parts.path):
        # The text is not repeated, since errors go to logs.
        raise ValueError(
            "holds a user name or password, and this file is no place for them; put them into the camera credentials "
            "file and name the entry here as credentials"
        )
    return text


def _stream_address(text: str) -> str:
    return _address(text, "rtsp", "rtsps", "http", "https")


def _service_address(text: str) -> str:
    return _address(text, "http", "https")


class LiveCamera(StrictModel):
    """A live camera; pictures beyond ``max_frames_per_s`` are not looked at.

    ``credentials`` names an entry of the camera credentials file, which lies on the edge box alone.
    """

    max_frames_per_s: Annotated[float, Field(gt=0, le=60)] = 10.0


class RtspSource(LiveCamera):
    """A network camera by the address of its stream."""

    kind: Literal["rtsp"]
    url: Annotated[str, Field(max_length=1_000), AfterValidator(_stream_address)]
    credentials: Id | None = None


class OnvifSource(LiveCamera):
    """A network camera by the address of its ONVIF service, which is asked for the stream at each connection."""

    kind: Literal["onvif"]
    url: Annotated[str, Field(max_length=1_000), AfterValidator(_service_address)]
    profile: Annotated[str, Field(max_length=100)] | None = None
    credentials: Id | None = None


class UsbSource(LiveCamera):
    """A USB camera, by its number or its path under /dev."""

    kind: Literal["usb"]
    device: Annotated[int, Field(ge=0, le=255)] | Annotated[str, Field(pattern=r"^/dev/[\w./:+-]+$", max_length=300)]
    frame_size_px: tuple[Annotated[int, Field(ge=16, le=8_192)], Annotated[int, Field(ge=16, le=8_192)]] | None = None


class SimulatedSource(StrictModel):
    """No sensor: the simulated store publishes for this device."""

    kind: Literal["simulated"]


class TraceSource(Recording):
    """A recorded load-cell trace: a CSV file with a time in milliseconds and raw counts."""

    kind: Literal["trace"]
    time_column: str = "timestamp_ms"
    counts_column: str = "raw_counts"


class Hx711Source(StrictModel):
    """An HX711 amplifier by the kernel's driver: its industrial I/O device, and its channel (0 is A, 1 is B)."""

    kind: Literal["hx711"]
    device: Annotated[str, Field(pattern=r"^iio:device\d{1,4}$")]
    channel: Annotated[int, Field(ge=0, le=1)] = 0
    samples_per_s: Annotated[float, Field(ge=0.1, le=80)] = 10.0


class SerialScaleSource(StrictModel):
    """A scale on a serial line; ``request`` is what to send to one that does not speak by itself.

    Its numbers are weights already; ``resolution_g`` is the step of its last digit.
    """

    kind: Literal["serial"]
    device: Annotated[str, Field(pattern=r"^/dev/[\w./:+-]+$", max_length=300)]
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    unit: Literal["mg", "g", "kg", "lb", "oz"] = "g"
    request: Annotated[str, Field(pattern=r"^[ -~]{1,16}$")] | None = None
    resolution_g: Annotated[float, Field(gt=0, le=1_000)] = 1.0
