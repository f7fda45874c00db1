from pathlib import Path

import pytest
from pydantic import ValidationError

from storesense_contracts.site import CameraDevice, ShelfDevice, SiteFile, load_site
from storesense_contracts.yaml_file import FileError

SITE = """\
version: 1
store:
  id: s1
  name: Corner Shop
  time_zone: Europe/Berlin
  floor: {size_m: [16, 10]}
  sections:
    - {id: checkout, name: Checkout}
  lines:
    - {id: door, name: Door, is_entrance: true, floor_m: [[0, 0], [2, 0]], in_side: left}
  lanes:
    - {id: lane-1, name: Lane 1}
  queues:
    - {id: tills, name: Tills, section: checkout, lanes: [lane-1]}
  slots:
    - id: oats
      name: Oats
      section: checkout
      product: {sku: "2231", name: Oat milk, unit_weight_g: 1030}
      capacity_units: 12
      reorder_point_units: 3
devices:
  - kind: camera
    id: cam-1
    source: {kind: video, path: clip.avi, speed: 2}
    lines:
      - {line: door, image: [[0.2, 0.0], [0.2, 1.0]], in_side: right}
  - kind: shelf
    id: shelf-1
    slots:
      - slot: oats
        source: {kind: trace, path: trace.csv}
        calibration: {kind: fixed, zero_counts: 100, counts_per_g: 22.5}
rules:
  - {kind: queue_too_long, id: long-queue, open_at_length: 5, resolve_at_length: 2}
  - {kind: low_stock, id: low-stock, slots: [oats]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clip.avi").write_bytes(b"x")
    (tmp_path / "trace.csv").write_text("timestamp_ms,raw_counts\n")
    return tmp_path


def load(folder: Path, text: str) -> SiteFile:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return load_site(path)


def test_a_site_file_is_read_whole(folder: Path) -> None:
    site = load(folder, SITE)
    camera = site.devices[0]
    assert isinstance(camera, CameraDevice)
    assert camera.source.kind == "video"
    assert camera.source.path == folder / "clip.avi"
    assert camera.detector.kind == "motion"
    assert site.store.slots[0].product.sku == "2231"
    assert [rule.kind for rule in site.rules] == ["queue_too_long", "low_stock"]
    assert site.rules[0].open_after_s == 20.0


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "why"),
    [
        ("time_zone: Europe/Berlin", "time_zone: Berlin", 5, "IANA", "no such time zone"),
        ("path: clip.avi", "path: clop.avi", 25, "there is no file", "a file that is not there"),
        ("in_side: right", "in_side: in", 27, "'left' or 'right'", "a side that is none"),
        ("[[0.2, 0.0], [0.2, 1.0]]", "[[20, 0.0], [0.2, 1.0]]", 27, "less than or equal to 1", "pixels for fractions"),
        ("kind: video", "kind: vdeo", 25, "'video'", "an unknown source"),
        ("in_side: right", "inside: left", 27, "inside: no such key", "a typo in a key deep inside"),
        ("unit_weight_g: 1030", "unit_weight_g: 0", 19, "greater than 0", "a product without weight"),
        ("reorder_point_units: 3", "reorder_point_units: 12", 21, "below capacity_units", "could never be resolved"),
        ("lanes: [lane-1]", "lanes: [lane-9]", 14, "no lane 'lane-9'", "a lane nobody has"),
        ("slots: [oats]", "slots: [oat]", 36, "no slot 'oat'", "a rule for a slot nobody has"),
        ("section: checkout, lanes", "section: till, lanes", 14, "no section 'till'", "a section nobody has"),
        ("resolve_at_length: 2", "resolve_at_length: 5", 35, "flap", "no hysteresis"),
        ("id: cam-1", "id: cam#1", 24, "is no valid id", "an MQTT wildcard in a device id"),
        ("id: cam-1", "id: a/b", 24, "is no valid id", "a slash in a device id"),
        ("id: shelf-1", "id: cam-1", 29, "stands twice", "two devices of one id"),
        (
            "        calibration: {kind: fixed, zero_counts: 100, counts_per_g: 22.5}\n",
            "",
            31,
            "need a calibration",
            "no calibration",
        ),
        (
            ", image: [[0.2, 0.0], [0.2, 1.0]], in_side: right",
            "",
            27,
            "homography",
            "a floor line without a homography",
        ),
        (
            "rules:\n",
            "      - {slot: oats, source: {kind: simulated}}\nrules:\n",
            30,
            "make them two devices",
            "a device that the edge agent and the simulated store would both be",
        ),
        (", in_side: left", "", 10, "in_side is missing", "a line on the floor without its way in"),
        (", in_side: right", "", 27, "in_side is missing", "a line in the picture without its way in"),
        ("unit_weight_g: 1030", "unit_weight_g: .nan", 19, "finite", "not a number"),
    ],
)
def test_each_mistake_has_its_line(folder: Path, old: str, new: str, line: int, message: str, why: str) -> None:
    assert SITE.count(old) == 1
    with pytest.raises(FileError) as caught:
        load(folder, SITE.replace(old, new))
    texts = [f"{problem.where}: {problem.message}" for problem in caught.value.problems]
    assert any(message in text for text in texts), (why, texts)
    assert caught.value.problems[0].line == line, why


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"kind": "rtsp", "url": "rtsp://viewer:hush@10.0.0.5/a"}, "no place for them"),
        ({"kind": "rtsp", "url": "rtsp://10.0.0.5/a?user=x&password=hush"}, "no place for them"),
        ({"kind": "rtsp", "url": "rtsp://10.0.0.5/user=x&password=hush&channel=1&stream=0.sdp"}, "no place for them"),
        ({"kind": "rtsp", "url": "rtsp://10.0.0.5/user=x_password=hush_channel=1.sdp"}, "no place for them"),
        ({"kind": "rtsp", "url": "file:///etc/passwd"}, "is no address"),
        ({"kind": "rtsp", "url": "rtsp:///a"}, "is no address"),
        ({"kind": "onvif", "url": "rtsp://10.0.0.5/a"}, "is no address"),
        ({"kind": "usb", "device": "/etc/passwd"}, "device"),
        ({"kind": "usb", "device": -1}, "device"),
        ({"kind": "rtsp", "url": "rtsp://10.0.0.5/a", "max_frames_per_s": 0}, "max_frames_per_s"),
    ],
)
def test_a_live_camera_that_cannot_be_or_should_not_be_so_is_refused(source: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CameraDevice.model_validate({"kind": "camera", "id": "cam", "source": source})


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "rtsp", "url": "rtsp://10.0.0.5:554/a?channel=1", "credentials": "door"},
        {"kind": "onvif", "url": "http://10.0.0.5/onvif/device_service", "profile": "main"},
        {"kind": "usb", "device": 0},
        {"kind": "usb", "device": "/dev/v4l/by-id/usb-Acme_Cam-video-index0", "frame_size_px": [640, 480]},
    ],
)
def test_live_cameras_are_read(source: dict[str, object]) -> None:
    assert CameraDevice.model_validate({"kind": "camera", "id": "cam", "source": source}).source.kind == source["kind"]


def shelf(rows: list[list[str]]) -> dict[str, object]:
    slots = [{"slot": name, "source": {"kind": "serial", "device": "/dev/ttyUSB0"}} for name in ("a", "b", "c")]
    return {"kind": "shelf", "id": "shelf-1", "slots": slots, "rows": rows}


def site_with(device: dict[str, object]) -> SiteFile:
    product = {"sku": "oats", "name": "Oats", "unit_weight_g": 500}
    slots = [
        {
            "id": name,
            "name": name,
            "section": "s",
            "product": product,
            "capacity_units": 9,
            "reorder_point_units": 2,
        }
        for name in ("a", "b", "c", "elsewhere")
    ]
    store = {
        "id": "shop",
        "name": "Shop",
        "time_zone": "Europe/Berlin",
        "floor": {"size_m": [4, 4]},
        "sections": [{"id": "s", "name": "S"}],
        "slots": slots,
    }
    return SiteFile.model_validate({"version": 1, "store": store, "devices": [device]})


def test_rows_say_which_slots_stand_side_by_side() -> None:
    (device,) = site_with(shelf([["a", "b", "c"]])).devices
    assert isinstance(device, ShelfDevice)
    assert device.rows == [["a", "b", "c"]]
    (device,) = site_with(shelf([])).devices
    assert isinstance(device, ShelfDevice)
    assert device.rows == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param([["a", "elsewhere"]], "no slot on this device 'elsewhere'", id="weighed by another device"),
        pytest.param([["a", "b"], ["b", "c"]], "stands in rows twice", id="in two rows"),
        pytest.param([["a", "b", "a"]], "stands in rows twice", id="twice in one"),
        pytest.param([["a"]], "at least 2 items", id="a row of one"),
    ],
)
def test_rows_that_cannot_be_are_refused(rows: list[list[str]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        site_with(shelf(rows))
