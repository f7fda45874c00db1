"""The agent of a site put together: each device with its sources, its link, and what it can do when asked to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from storesense_contracts import topics
from storesense_contracts.device_commands import CommandKind
from storesense_contracts.errors import UsageError
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.site import CameraDevice, ShelfDevice
from storesense_contracts.site_sources import LiveCamera
from storesense_edge.agent import DeviceAgent, SiteAgent, Source
from storesense_edge.camera_agent import CameraAgent
from storesense_edge.camera_credentials import load_camera_credentials
from storesense_edge.camera_source import open_source
from storesense_edge.command_handlers import identify, zero_slot
from storesense_edge.drawing import DeviceDrawing, drawing_path
from storesense_edge.identify_light import IdentifyLight
from storesense_edge.link import DeviceLink
from storesense_edge.open_visits import OpenVisitsFile
from storesense_edge.planogram import DevicePlanogram
from storesense_edge.setup_page import setup_page
from storesense_edge.setup_server import SetupCamera
from storesense_edge.shared_floor import SharedFloor
from storesense_edge.shelf_agent import SlotAgent
from storesense_edge.shelf_neighbours import ShelfNeighbours
from storesense_edge.slot_units import SlotUnits
from storesense_edge.slot_zeros import SlotZeros
from storesense_edge.trajectories import TrajectoryFile, TrajectoryRecorder, trajectory_path
from storesense_edge.view_file import ViewFile, geometry_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import SecretStr

    from storesense_contracts.clock import Clock
    from storesense_contracts.layout import StoreLayout
    from storesense_contracts.settings import BrokerSettings
    from storesense_contracts.site import EnvironmentDevice, LaneDevice, SiteFile
    from storesense_edge.camera_credentials import CameraCredentials
    from storesense_edge.command_runner import Handler
    from storesense_edge.picture_desk import PictureDesk
    from storesense_edge.settings import EdgeSettings

    AnyDevice = CameraDevice | ShelfDevice | LaneDevice | EnvironmentDevice


def build_agent(
    site: SiteFile,
    settings: EdgeSettings,
    *,
    broker: BrokerSettings,
    passwords: Mapping[str, SecretStr],
    state_dir: Path,
    clock: Clock,
) -> SiteAgent:
    """Put the agent of a site together; nothing is opened or started.

    Args:
        site: the site file.
        settings: the agent's settings.
        broker: the broker's address; user names and passwords are each device's own.
        passwords: by user name, ``STORE_ID/DEVICE_ID``.
        state_dir: folder of the outboxes.
        clock: tells the time.

    Raises:
        UsageError: there is nothing to run, or a device has no password.
        CredentialsError: the camera credentials file cannot be used.
    """
    store_id = StoreId(site.store.id)
    devices = []
    setup = setup_page(store_id, settings)
    logins = (
        None if settings.camera_credentials_file is None else load_camera_credentials(settings.camera_credentials_file)
    )
    cameras = [device for device in site.devices if isinstance(device, CameraDevice)]
    floor = SharedFloor() if sum(camera.source.kind != "simulated" for camera in cameras) > 1 else None
    for device in site.devices:
        planogram = _planogram(device, site.store, state_dir / store_id)
        drawing = _drawing(device, site.store, state_dir / store_id, None if setup is None else setup.url)
        handlers: dict[CommandKind, Handler] = {}
        sources = _sources(
            device,
            site,
            settings,
            clock,
            state_dir=state_dir / store_id,
            logins=logins,
            goes_by=_GoesBy(planogram, drawing, None if setup is None else setup.desk, floor),
            handlers=handlers,
        )
        if not sources:
            continue
        name = topics.user_name(store_id, DeviceId(device.id))
        if name not in passwords:
            raise UsageError(
                f"The credentials file has no password for {name}; "
                "make one with storesense broker setup, or add it to the file."
            )

        new_link = partial(
            DeviceLink,
            store_id=store_id,
            device_id=DeviceId(device.id),
            broker=broker.model_copy(update={"user_name": name, "password": passwords[name], "password_file": None}),
            outbox_path=state_dir / store_id / f"{device.id}.outbox.db",
            clock=clock,
            settings=settings.link,
        )
        audits = None
        if isinstance(device, CameraDevice):
            # Also where none are kept any more: those from before are deleted.
            path = trajectory_path(state_dir / store_id, device.id)
            audits = TrajectoryFile(path, keep_s=settings.trajectories_keep_s)
        if setup is not None and drawing is not None:
            setup.cameras[device.id] = SetupCamera(drawing, audits if settings.trajectories_keep_s > 0 else None)
        agent = DeviceAgent(
            device.id,
            sources,
            new_link,
            clock=clock,
            health_s=settings.health_s,
            audits=audits,
            planogram=planogram,
            drawing=drawing,
        )
        if settings.identify_light is not None:
            handlers[CommandKind.IDENTIFY] = identify(name, IdentifyLight(settings.identify_light))
        agent.understand(handlers)
        devices.append(agent)
    if not devices:
        raise UsageError("Every device of this site is simulated; run them with storesense sim live.")
    return SiteAgent(devices, setup)


def _planogram(device: AnyDevice, store: StoreLayout, state_dir: Path) -> DevicePlanogram | None:
    if not isinstance(device, ShelfDevice):
        return None
    weighed = {slot.slot for slot in device.slots}
    slots = [slot for slot in store.slots if slot.id in weighed]
    return DevicePlanogram(slots, store, state_dir / f"{device.id}.planogram.json")


def _drawing(device: AnyDevice, store: StoreLayout, state_dir: Path, setup_url: str | None) -> DeviceDrawing | None:
    if not isinstance(device, CameraDevice):
        return None
    return DeviceDrawing(device, store, drawing_path(state_dir, device.id), setup_url=setup_url)


@dataclass(frozen=True, slots=True)
class _GoesBy:
    """What a device is told while it runs, who may look, and the floor that it shares with others."""

    planogram: DevicePlanogram | None
    drawing: DeviceDrawing | None
    desk: PictureDesk | None
    floor: SharedFloor | None


def _sources(
    device: AnyDevice,
    site: SiteFile,
    settings: EdgeSettings,
    clock: Clock,
    *,
    state_dir: Path,
    logins: CameraCredentials | None,
    goes_by: _GoesBy,
    handlers: dict[CommandKind, Handler],
) -> list[Source]:
    """Make a device's sources, and what they can do when asked to."""
    planogram, drawing, desk = goes_by.planogram, goes_by.drawing, goes_by.desk
    if isinstance(device, CameraDevice) and device.source.kind != "simulated":
        # A recording is as well at every start as it was made; of a live camera, what was calibrated is kept.
        is_live = isinstance(device.source, LiveCamera)
        views = ViewFile(state_dir / f"{device.id}.view.npz", geometry_key(device)) if is_live else None
        recorder = None
        if settings.trajectories_keep_s > 0:
            file = TrajectoryFile(trajectory_path(state_dir, device.id), keep_s=settings.trajectories_keep_s)
            recorder = TrajectoryRecorder(file, salt=secrets.randbits(31))
        source = partial(open_source, credentials=logins)
        agent = CameraAgent(device, site.store, settings, clock, source=source, views=views, recorder=recorder)
        if is_live:
            agent.keep_visits(OpenVisitsFile(state_dir / f"{device.id}.visits.json"))
        if drawing is not None:
            agent.follow(drawing)
        if desk is not None:
            agent.show(desk)
        if goes_by.floor is not None:
            agent.share(goes_by.floor)
        if agent.has_pictures:
            handlers[CommandKind.LEARN_VIEW] = lambda _arguments: agent.learn_view()
        return [Source(device.id, agent.measure)]
    if isinstance(device, ShelfDevice) and planogram is not None:
        neighbours, zeros = ShelfNeighbours(device.rows), SlotZeros(state_dir, device.id)
        units = SlotUnits(state_dir, device.id)
        agents = {
            slot.slot: SlotAgent(slot, planogram, clock, neighbours, zeros, units)
            for slot in device.slots
            if slot.source.kind != "simulated"
        }
        handlers[CommandKind.ZERO_SLOT] = zero_slot({slot_id: agent.zero for slot_id, agent in agents.items()})
        return [Source(slot_id, agent.measure) for slot_id, agent in agents.items()]
    return []
