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
    assert said == {"ok": True, "store_id": "store-1", "devices": 1, "rules": 0, "slots": 1}
