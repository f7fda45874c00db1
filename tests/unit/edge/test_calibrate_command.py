import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from storesense_contracts.cli import main
from storesense_contracts.site import Homography
from storesense_edge.cameras_command import usb_cameras
from storesense_edge.vision.homography import left_out_cm

CORNERS = ["0,0=0,0", "1,0=4,0", "1,1=4,4", "0,1=0,4"]


def points(*pairs: str) -> list[str]:
    return ["edge", "calibrate", "points", *(word for pair in pairs for word in ("--pair", pair))]


def test_four_points_say_what_error_care_makes_and_that_a_mistake_cannot_be_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*points(*CORNERS), "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out.splitlines()[-1])
    assert found["error_cm"] == pytest.approx(2, abs=1)
    assert found["is_error_measured"] is False
    assert len(Homography.model_validate(found["homography"]).image) == 4
    assert "measure a fifth" in err


def test_a_point_that_was_measured_wrong_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    extra = ["0.5,0.2=2,0.8", "0.3,0.7=1.2,2.8", "0.8,0.5=3.2,2.5"]
    assert main([*points(*CORNERS, *extra), "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out.splitlines()[-1])
    assert "Pair 7 does not go with the others" in err
    assert found["suspect_pair"] == 7
    assert found["left_out_cm"][6] == pytest.approx(50, abs=1)
    assert found["error_cm"] > 10
    assert found["is_error_measured"] is True


@pytest.mark.parametrize(
    ("pairs", "message"),
    [(CORNERS[:3], "4 or more pairs"), (["0,0=0,0", "0.1,0.1=1,1", "0.2,0.2=2,2", "0.3,0.3=3,3"], "on one line")],
)
def test_points_that_make_no_fit_are_refused(
    pairs: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(points(*pairs)) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("beside", ["0,0=0,0", "0.01,0.005=0.04,0.02"], ids=["the same pair twice", "one beside it"])
def test_a_pair_that_is_given_twice_does_not_vouch_for_itself(beside: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*points(*CORNERS, beside), "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out.splitlines()[-1])
    assert found["is_error_measured"] is False
    assert found["error_cm"] == pytest.approx(2, abs=1)
    assert "measure a fifth apart from them" in err


@pytest.mark.parametrize("wrong", ["nan,0=0,0", "1.1,0=0,0", "0,0=0,inf", "0,0", "0,0=0,0,0", "here=there"])
def test_a_pair_that_is_none_is_told_how_to_write_one(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(points(*CORNERS[:3], wrong))
    assert ended.value.code == 2
    assert f"{wrong!r} is no pair; write U,V=X,Y with U and V from 0 to 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "wrong", "message"),
    [
        ("--frame-size", "1280", "is no size of a picture; write WxH"),
        ("--frame-size", "12x8", "is no size of a picture; write WxH"),
        ("--mean-height", "170", "is no number of metres from 0.5 to 2.5"),
        ("--field-of-view", "400", "is no number of degrees from 5 to 150"),
        ("--for", "nan", "is no number of seconds"),
    ],
)
def test_a_number_out_of_its_bounds_is_told_with_them(
    option: str, wrong: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["edge", "calibrate", "heights", "--video", "door.mp4", option, wrong])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_pairs_come_from_a_file_or_its_wrong_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("u,v,x_m,y_m\n0,0,0,0\n1,0,4,0\n1,1,4,4\n0,1,0,4\n", encoding="utf-8-sig")
    assert main(["edge", "calibrate", "points", "--pairs", str(path)]) == 0
    assert capsys.readouterr().out.startswith("homography:\n  image: [[0.0000, 0.0000]")
    path.write_text("u,v,x_m,y_m\n0,0,0,0\n1,zero,4,0\n")
    assert main(["edge", "calibrate", "points", "--pairs", str(path)]) == 2
    assert "line 3" in capsys.readouterr().err


def test_heights_come_from_detections_and_the_drawing_shows_no_picture(
    tmp_path: Path, shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detections, plot = shared_dir / "data/mot/PETS09-S2L1.sort-frcnn.det.txt", tmp_path / "grid.png"
    words = ["edge", "calibrate", "heights", "--detections", str(detections), "--frame-size", "768x576"]
    assert main([*words, "--field-of-view", "36", "--plot", str(plot), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(Homography.model_validate(found["homography"]).image) == 6
    assert 20 < found["error_cm"] < 100
    assert found["camera"]["height_m"] == pytest.approx(7.07, abs=1.0)
    drawn = cv2.imread(str(plot))
    assert drawn is not None
    assert drawn.shape == (576, 768, 3)
    assert float((drawn == 245).all(axis=2).mean()) > 0.5  # the plain ground
    assert float((drawn != 245).any(axis=2).mean()) > 0.01


def test_detections_without_their_picture_size_are_refused(
    shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detections = shared_dir / "data/mot/PETS09-S2L1.sort-frcnn.det.txt"
    assert main(["edge", "calibrate", "heights", "--detections", str(detections)]) == 2
    assert "--frame-size" in capsys.readouterr().err


def test_four_pairs_have_no_error_of_points_left_out() -> None:
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    assert left_out_cm(square, square) == [None] * 4
    assert np.allclose(np.array(left_out_cm([*square, (0.5, 0.25), (0.2, 0.6)], [*square, (0.5, 0.25), (0.2, 0.6)])), 0)


def test_usb_cameras_are_listed_by_the_path_that_outlives_a_replug(tmp_path: Path) -> None:
    devices, by_id = tmp_path / "class", tmp_path / "by-id"
    for number, name in ((0, "Acme Cam"), (1, "Acme Cam"), (2, "Other")):
        (devices / f"video{number}").mkdir(parents=True)
        (devices / f"video{number}" / "name").write_text(f"{name}\n")
    by_id.mkdir()
    (by_id / "usb-Acme-video-index0").symlink_to("/dev/video0")
    assert usb_cameras(by_id, devices) == [
        ("/dev/video1", "Acme Cam"),
        ("/dev/video2", "Other"),
        (str(by_id / "usb-Acme-video-index0"), "Acme Cam"),
    ]
    assert usb_cameras(tmp_path / "none", tmp_path / "none") == []
