import argparse
import json
from pathlib import Path

import pytest

from storesense_contracts.errors import StoresenseError
from storesense_simulators.eval_commands import add_eval_commands

LINES = {"frame_wh": [768, 576], "lines": [{"id": "middle", "a": [384, 0], "b": [384, 576]}]}


def run(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    add_eval_commands(parser.add_subparsers(required=True))
    args = parser.parse_args(argv)
    return int(args.handler(args))


@pytest.fixture
def lines(tmp_path: Path) -> str:
    path = tmp_path / "lines.json"
    path.write_text(json.dumps(LINES))
    return str(path)


def test_counting_prints_one_json_object_last(shared_dir: Path, lines: str, capsys: pytest.CaptureFixture[str]) -> None:
    mot = shared_dir / "data/mot"
    detections, truth = str(mot / "PETS09-S2L1.sort-frcnn.det.txt"), str(mot / "PETS09-S2L1.gt.txt")
    argv = ["counting", "--detections", detections, "--truth", truth, "--lines", lines, "--fps", "10", "--stride", "3"]
    assert run(*argv, "--json") == 0
    printed = capsys.readouterr().out.splitlines()
    result = json.loads(printed[-1])
    assert set(result) == {"crossings", "absolute_error", "error_ratio", "per_line", "frames_per_s"}
    assert result["crossings"] == sum(result["per_line"]["middle"]["truth"])
    assert result["per_line"]["middle"]["truth"] == [13, 18]
    assert "frames/s" in printed[0]


def test_video_counts_from_pictures(
    shared_dir: Path, lines: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A cut file keeps it short, and must be named as such.
    video = tmp_path / "cut.avi"
    video.write_bytes((shared_dir / "data/video/vtest.avi").read_bytes()[:1_500_000])
    truth = str(shared_dir / "data/mot/PETS09-S2L1.gt.txt")
    argv = ["video", "--video", str(video), "--motion", "--truth", truth, "--lines", lines, "--stride", "2", "--json"]
    assert run(*argv) == 0
    printed = capsys.readouterr()
    assert "cut.avi breaks off after" in printed.err
    assert json.loads(printed.out.splitlines()[-1])["detection_ms"] > 0


@pytest.mark.parametrize(
    ("extra", "part"),
    [
        (["--fps", "0"], "no number above 0"),
        (["--fps", "ten"], "no number above 0"),
        (["--fps", "10", "--stride", "0"], "no whole number"),
    ],
)
def test_silly_numbers_are_wrong_use(
    lines: str, extra: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run("counting", "--detections", "d", "--truth", "t", "--lines", lines, *extra)
    assert caught.value.code == 2
    assert part in capsys.readouterr().err


def test_a_missing_file_is_named(lines: str, tmp_path: Path) -> None:
    truth = tmp_path / "truth.txt"
    truth.write_text("1,1,10,10,20,50,1,1,1\n")
    given = {"--detections": str(truth), "--truth": str(truth), "--lines": lines, "--fps": "10"}
    for option, name in {"--detections": "none.txt", "--truth": "none.txt", "--lines": "none.json"}.items():
        options = {**given, option: str(tmp_path / name)}
        with pytest.raises(StoresenseError, match=rf"none\{Path(name).suffix}: there is no such file"):
            run("counting", *(word for pair in options.items() for word in pair))


def test_lines_of_another_picture_size_are_refused(shared_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "lines.json"
    path.write_text(json.dumps({**LINES, "frame_wh": [640, 480]}))
    data = shared_dir / "data"
    video, truth = str(data / "video/vtest.avi"), str(data / "mot/PETS09-S2L1.gt.txt")
    with pytest.raises(StoresenseError, match="frame_wh"):
        run("video", "--video", video, "--motion", "--truth", truth, "--lines", str(path))
