"""What a camera is told to measure: taken up if it can be, kept over a restart, and otherwise the one before holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fixtures.small_site import camera, site_dict, write_walks
from storesense_contracts.device_config import ConfigDrawing, DeviceConfig, encode_config
from storesense_contracts.drawing import drawing_of, view_of
from storesense_contracts.drawing_config import drawing_for
from storesense_contracts.readings import HealthState
from storesense_contracts.site import CameraDevice, SiteFile
from storesense_edge.drawing import DeviceDrawing

NewDrawing = Callable[..., DeviceDrawing]


@pytest.fixture
def site(tmp_path: Path) -> SiteFile:
    return SiteFile.model_validate(site_dict([camera(write_walks(tmp_path / "walks.txt"))]))


@pytest.fixture
def new(site: SiteFile, tmp_path: Path) -> NewDrawing:
    def make(**changes: Any) -> DeviceDrawing:
        return DeviceDrawing(device_of(site).model_copy(update=changes), site.store, tmp_path / "cam.drawing.json")

    return make


def device_of(site: SiteFile) -> CameraDevice:
    device = site.devices[0]
    assert isinstance(device, CameraDevice)
    return device


def told(site: SiteFile, version: int, **changes: Any) -> bytes:
    view = view_of(device_of(site))
    drawing = drawing_for(version, drawing_of(site.store, [view]), view)
    return encode_config(DeviceConfig(drawing=msgspec.structs.replace(drawing, **changes), setup_keys=("k" * 43,)))


LINE = {"line_id": "aisle", "in_side": "left", "image": [[0.2, 0.5], [0.8, 0.5]]}
NEW_LINES = {"lines": msgspec.convert([LINE], ConfigDrawing.__annotations__["lines"])}


def test_what_the_site_file_says_is_acknowledged_and_disturbs_nothing(site: SiteFile, new: NewDrawing) -> None:
    drawing = new()
    before = drawing.now
    assert drawing.load().drawing_version is None
    health = drawing.take(told(site, 1))
    assert (health.state, health.drawing_version, drawing.setup_keys) == (HealthState.OK, 1, ("k" * 43,))
    assert drawing.now is before


def test_a_new_line_is_measured_and_kept_over_a_restart(site: SiteFile, new: NewDrawing) -> None:
    drawing = new()
    assert drawing.take(told(site, 2, **NEW_LINES)).drawing_version == 2
    assert [line.line for line in drawing.now.device.lines] == ["aisle"]
    assert drawing.now.device.heatmap is not None
    again = new()
    assert again.load().drawing_version == 2
    assert [line.line for line in again.now.device.lines] == ["aisle"]


def test_a_site_file_that_was_edited_since_is_newer_than_what_was_kept(site: SiteFile, new: NewDrawing) -> None:
    new().take(told(site, 2, **NEW_LINES))
    edited = new(zones=[])
    assert edited.load().drawing_version is None
    assert [line.line for line in edited.now.device.lines] == ["door"]


def test_a_drawing_that_cannot_be_measured_changes_nothing_and_says_why(site: SiteFile, new: NewDrawing) -> None:
    drawing = new()
    drawing.take(told(site, 2, **NEW_LINES))
    same_ends = msgspec.convert([LINE | {"image": [[0.5, 0.5], [0.5, 0.5]]}], ConfigDrawing.__annotations__["lines"])
    health = drawing.take(told(site, 3, lines=same_ends))
    assert (health.state, health.drawing_version) == (HealthState.DEGRADED, 2)
    assert "Version 3 of the drawing cannot be measured, and version 2 holds" in str(health.reason)
    assert drawing.take(b"{}").state is HealthState.OK, "a message that says nothing of a drawing"
    assert [line.line for line in drawing.now.device.lines] == ["door"]
    assert drawing.take(b"[]").state is HealthState.DEGRADED


def test_a_kept_drawing_that_is_damaged_is_left_alone(site: SiteFile, new: NewDrawing, tmp_path: Path) -> None:
    (tmp_path / "cam.drawing.json").write_bytes(b"\x00")
    health = new().load()
    assert (health.state, health.drawing_version) == (HealthState.DEGRADED, None)
    assert "site file holds" in str(health.reason)
