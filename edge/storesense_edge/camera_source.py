"""A camera's source as the site file names it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from storesense_contracts.site_sources import (
    DetectionsSource,
    LiveCamera,
    OnvifSource,
    RtspSource,
    UsbSource,
    VideoSource,
)
from storesense_edge.camera_credentials import find_login, with_login
from storesense_edge.onvif import OnvifDevice
from storesense_edge.vision.capture import open_stream, open_usb
from storesense_edge.vision.errors import SourceError
from storesense_edge.vision.live import LiveSource
from storesense_edge.vision.mot_file import MotFileSource
from storesense_edge.vision.video import VideoFileSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from storesense_contracts.site import CameraDevice
    from storesense_edge.camera_credentials import CameraCredentials
    from storesense_edge.vision.capture import OpenCvCapture
    from storesense_edge.vision.source import FrameSource


def open_source(device: CameraDevice, credentials: CameraCredentials | None = None) -> FrameSource:
    """Make the source that the site file names, not yet open.

    Args:
        device: the camera in the site file.
        credentials: user names and passwords of cameras, by the names that the site file uses.

    Raises:
        SourceError: the device has no source that an agent can read, or its credentials are unknown.
    """
    source = device.source
    if isinstance(source, VideoSource):
        return VideoFileSource(source.path)
    if isinstance(source, DetectionsSource):
        return MotFileSource(source.path, frames_per_s=source.frames_per_s, frame_wh=source.frame_size_px)
    if isinstance(source, LiveCamera):
        return LiveSource(device.id, connector(device, credentials), max_frames_per_s=source.max_frames_per_s)
    raise SourceError(source=device.id, cause="it is simulated", remedy="let storesense sim live publish for it")


def connector(device: CameraDevice, credentials: CameraCredentials | None) -> Callable[[], OpenCvCapture]:
    """Make what connects to a live camera, from the site file's words.

    Raises:
        SourceError: its credentials are unknown.
    """
    source = device.source
    if isinstance(source, UsbSource):
        return partial(open_usb, source.device, name=device.id, frame_size_px=source.frame_size_px)
    if not isinstance(source, RtspSource | OnvifSource):
        raise SourceError(source=device.id, cause="it is no live camera", remedy="give it an rtsp, onvif or usb source")
    login = find_login(credentials, source.credentials, camera=device.id)
    if isinstance(source, RtspSource):
        return lambda: open_stream(with_login(source.url, login), name=device.id)

    def connect() -> OpenCvCapture:
        # Asked anew at each connection, since an address or a port may have changed.
        url = OnvifDevice(source.url, login).stream_url(source.profile)
        return open_stream(with_login(url, login), name=device.id)

    return connect
