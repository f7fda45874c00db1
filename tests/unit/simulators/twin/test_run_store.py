"""Whole runs into a folder: the same twice over, at every depth, and usable by everything else."""

import hashlib
import json

import cv2
import pytest

from storesense_contracts.cli import main
from storesense_contracts.site import load_site
from storesense_edge.shelf.trace import TraceFile
from storesense_edge.vision.mot_file import read_mot

QUICK = ["sim", "run", "--store", "convenience", "--seed", "7", "--begin", "2026-03-02T17:00", "--json"]


def run(capsys, *arguments: str) -> dict:
    assert main([*QUICK, *arguments]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_run_twice_has_one_hash_and_one_set_of_readings(capsys, tmp_path):
    first = run(capsys, "--hours", "0.1", "--out", str(tmp_path / "a"))
    again = run(capsys, "--hours", "0.1", "--out", str(tmp_path / "b"))
    assert first["truth_sha256"] == again["truth_sha256"] == digest(tmp_path / "a/truth.jsonl")
    assert digest(tmp_path / "a/readings.jsonl") == digest(tmp_path / "b/readings.jsonl")
    assert first["visitors"] >= 1
    lines = (tmp_path / "a/readings.jsonl").read_text().splitlines()
    assert first["readings"] == len(lines) > 100
    assert json.loads(lines[0]).keys() == {"device_id", "stream", "reading"}
    assert first["truth_events"] == len((tmp_path / "a/truth.jsonl").read_text().splitlines())


def test_another_seed_is_another_day(capsys, tmp_path):
    first = run(capsys, "--hours", "0.03", "--out", str(tmp_path / "a"))
    other = run(capsys, "--hours", "0.03", "--out", str(tmp_path / "b"), "--seed", "8")
    assert first["truth_sha256"] != other["truth_sha256"]


def test_faults_change_readings_and_never_the_truth(capsys, tmp_path):
    plain = run(capsys, "--hours", "0.05", "--out", str(tmp_path / "a"))
    fault = "power_cut:camera-door:30:100"
    ailing = run(capsys, "--hours", "0.05", "--out", str(tmp_path / "b"), "--fault", fault)
    assert ailing["truth_sha256"] == plain["truth_sha256"]
    assert ailing["readings"] < plain["readings"]
    told = json.loads((tmp_path / "b/faults.jsonl").read_text())
    assert told == {
        "amount": 0.0,
        "begins_ms": 30_000,
        "ends_ms": 130_000,
        "kind": "power_cut",
        "target": "camera-door",
    }


def test_every_depth_has_the_same_truth_and_files_that_the_edge_reads(capsys, tmp_path):
    length = ["--hours", "0.006", "--camera", "camera-door"]
    plain = run(capsys, *length, "--out", str(tmp_path / "r"))
    boxes = run(capsys, *length, "--out", str(tmp_path / "d"), "--depth", "detections", "--camera", "camera-tills")
    film = run(capsys, *length, "--out", str(tmp_path / "p"), "--depth", "pictures")
    assert plain["truth_sha256"] == boxes["truth_sha256"] == film["truth_sha256"]
    assert plain["readings"] == boxes["readings"] == film["readings"]
    assert boxes["frames"] == 2 * 217
    found = [read_mot(path) for path in sorted((tmp_path / "d/detections").glob("*/det.txt")) if path.stat().st_size]
    assert sum(len(rows.frames) for rows in found) == boxes["boxes"] > 0
    site = load_site(tmp_path / "d/site.yaml")
    assert {d.source.kind for d in site.devices if d.kind == "camera"} == {"detections", "simulated"}
    site = load_site(tmp_path / "p/site.yaml")
    assert {d.source.kind for d in site.devices if d.kind == "camera"} == {"video", "simulated"}
    assert film["pictures"] == 217
    video = cv2.VideoCapture(str(tmp_path / "p/pictures/camera-door.avi"))
    assert (video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (640, 360)
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 217
    video.release()
    assert weighed(site, true_levels_g(tmp_path / "p/truth.jsonl")) == film["samples"] > 5_000


def true_levels_g(path) -> dict[str, float]:
    events = map(json.loads, path.read_text().splitlines())
    return {event["subject_id"]: event["level_mg"] / 1000 for event in events if "level_mg" in event}


def weighed(site, levels_g: dict[str, float]) -> int:
    """Read every cell's raw counts as the edge does, compare their end with the true load, and count the samples."""
    samples = 0
    for device in site.devices:
        for slot in device.slots if device.kind == "shelf" else []:
            rows = list(TraceFile(slot.source.path).samples())
            samples += len(rows)
            last_g = (rows[-1].raw_counts - slot.calibration.zero_counts) / slot.calibration.counts_per_g
            assert last_g == pytest.approx(levels_g[slot.slot], rel=0.01, abs=30), slot.slot
    return samples


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--out", "x", "--camera", "nowhere"], "no camera 'nowhere'; it has camera-door"),
        (["--out", "x", "--fault", "power_cut:nowhere:0:1"], "the fault at 'nowhere' cannot be"),
    ],
)
def test_what_does_not_fit_the_store_is_refused(arguments, complaint, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*QUICK, *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_a_run_without_a_folder_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*QUICK, "--hours", "0.01"])
    assert "--out" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_named(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert main([*QUICK, "--hours", "0.01", "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_run_is_drawn_over_its_floor_plan(capsys, tmp_path):
    out = tmp_path / "run.png"
    arguments = ["--store", "convenience", "--seed", "7", "--after", "4", "--minutes", "2", "--out", str(out), "--json"]
    assert main(["sim", "picture", *arguments]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    picture = cv2.imread(str(out))
    assert picture is not None
    assert min(picture.shape[:2]) > 600
    assert told["people"] + told["staff"] > 0
    # A plan with shelves, ways and words is not a blank sheet.
    assert (picture < 250).any(axis=2).mean() > 0.1
