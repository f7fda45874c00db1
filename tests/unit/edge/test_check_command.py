import json
from pathlib import Path

import pytest

from fixtures.small_site import camera, shelf, write_site, write_trace, write_walks
from storesense_contracts.yaml_file import FileError
from storesense_edge.check_command import SiteCheckError, check_site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_walks(tmp_path / "walks.txt")
    write_trace(tmp_path / "trace.csv")
    return tmp_path


def test_it_says_what_a_site_describes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    devices = [camera(folder / "walks.txt"), shelf(folder / "trace.csv")]
    assert check_site(write_site(folder, devices), prints_json=False) == 0
    said = capsys.readouterr().out
    assert "Test shop (store-1), 10 x 8 m, Europe/Berlin" in said
    assert "camera device-1: 1 lines, 1 zones, 0 queues; a heatmap; from walks.txt at speed 20.0" in said
    assert "shelf device-2: 1 slots, 1 of them from a recording" in said


def test_geometry_that_reads_well_and_cannot_work_is_named_by_device(folder: Path) -> None:
    bad = camera(folder / "walks.txt")
    bad["homography"]["image"] = [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.4, 0.4]]
    with pytest.raises(SiteCheckError, match=r"device device-1: .* one line") as caught:
        check_site(write_site(folder, [bad]), prints_json=False)
    assert caught.value.exit_code == 2


def test_a_calibration_that_does_not_fit_is_named_by_slot(folder: Path) -> None:
    (folder / "masses.csv").write_text("mass_g,cell\n100,5\n100,6\n")
    bad = shelf(folder / "trace.csv")
    bad["slots"][0]["calibration"] = {"kind": "masses", "path": "masses.csv", "counts_column": "cell"}
    with pytest.raises(SiteCheckError, match=r"slot s1: .*two distinct masses"):
        check_site(write_site(folder, [bad]), prints_json=False)


def test_mistakes_as_json_carry_their_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = camera(folder / "walks.txt")
    bad["lines"][0]["line"] = "dor"
    site = write_site(folder, [bad])
    assert check_site(site, prints_json=True) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert "'dor'" in said["problems"][0]["message"]
    with pytest.raises(FileError):
        check_site(site, prints_json=False)


def test_json_of_a_good_site(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_site(write_site(folder, [shelf(folder / "trace.csv")]), prints_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"ok": True, "store_id": "store-1", "devices": 1, "rules": 0, "slots": 1, "advice": []}


def test_what_two_cameras_would_count_twice_is_told_and_no_mistake(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cameras = [camera(folder / "walks.txt"), camera(folder / "walks.txt") | {"id": "device-3"}]
    assert check_site(write_site(folder, cameras), prints_json=False) == 0
    said = capsys.readouterr().out
    assert "advice: line door is measured by device-1 and device-3: whoever two of them see is counted twice" in said
    assert "advice: zone middle is measured by device-1 and device-3" in said
    assert "advice: the heatmaps of device-1 and device-3 share a part of the floor" in said


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        pytest.param("walks.txt", b"", "walks.txt: it holds no rows", id="no detections"),
        pytest.param("walks.txt", b"\x00\xff\xfe" * 900, "walks.txt: it is no text file", id="binary detections"),
        pytest.param("trace.csv", b"", r"slot s1: .*trace\.csv, line 1: .* found 'an empty file'", id="an empty trace"),
        pytest.param("trace.csv", b"time,counts\n1,2\n", "line 1: expected a column named", id="other columns"),
        pytest.param("trace.csv", b"timestamp_ms,raw_counts\n1,a\n", "line 2: expected a number", id="no sample"),
    ],
)
def test_a_recording_that_cannot_be_read_is_found_before_the_agent_runs(
    folder: Path, name: str, content: bytes, says: str
) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(SiteCheckError, match=says):
        check_site(write_site(folder, [camera(folder / "walks.txt"), shelf(folder / "trace.csv")]), prints_json=False)


def test_a_text_that_is_called_a_video_is_found_before_the_agent_runs(folder: Path) -> None:
    (folder / "text.avi").write_text("no picture")
    device = camera(folder / "walks.txt") | {"source": {"kind": "video", "path": "text.avi"}}
    with pytest.raises(SiteCheckError, match=r"text.avi: it cannot be opened as a video; .* convert it to H.264"):
        check_site(write_site(folder, [device]), prints_json=False)
