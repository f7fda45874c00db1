import argparse
import json
import random
import statistics
from pathlib import Path
from typing import Any

import pytest

from storesense_edge.shelf.errors import CalibrationError, RowError
from storesense_simulators.eval_commands import add_eval_commands
from storesense_simulators.eval_shelf import DriftFit, read_trace


def run(capsys: pytest.CaptureFixture[str], trace: Path, masses: Path, column: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_eval_commands(parser.add_subparsers())
    words = ["shelf", "--trace", str(trace), "--calibration", str(masses), "--column", column, "--json"]
    args = parser.parse_args(words)
    assert args.handler(args) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_the_real_cell(capsys: pytest.CaptureFixture[str], shared_dir: Path) -> None:
    folder = shared_dir / "data/shelf"
    found = run(capsys, folder / "fareke_loading_degraw.csv", folder / "calibration_gmF.csv", "degraw")
    assert len(found["steps"]) == 16
    assert found["steps"][0]["at_s"] == pytest.approx(578.3, abs=1)
    sizes_g = [abs(step["delta_g"]) for step in found["steps"]]
    assert statistics.stdev(sizes_g) <= 0.007 * statistics.mean(sizes_g)
    assert 0.05 < found["noise_g"] < 0.3
    assert abs(found["drift_g_per_h"]) < 20
    assert found["settle_p90_s"] < 10


def test_a_trace_with_garbage_in_it_still_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rng = random.Random(1)  # noqa: S311 - noise, no secret
    trace, masses = tmp_path / "trace.csv", tmp_path / "masses.csv"
    rows = [f"{i * 100},{round(rng.gauss(400 * (1000 if 200 <= i < 400 else 0), 40))}" for i in range(600)]
    rows[50] = "5000,4x7"
    rows[300] = "garbage"
    trace.write_text("timestamp_ms,raw_counts\n" + "\n".join(rows) + "\n")
    masses.write_text("Weight,cell\n0,0\n1000,400000\n")
    found = run(capsys, trace, masses, "cell")
    assert [round(step["delta_g"] / 10) for step in found["steps"]] == [100, -100]
    assert [step["at_s"] for step in found["steps"]] == pytest.approx([20, 40], abs=0.3)
    assert found["rows_skipped"] == 2


def test_what_is_not_usable_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trace, masses = tmp_path / "trace.csv", tmp_path / "masses.csv"
    trace.write_text("")
    masses.write_text("Weight,cell,other\n0,0,5\n1000,400000,5\n")
    with pytest.raises(RowError, match="empty file"):
        run(capsys, trace, masses, "cell")
    with pytest.raises(CalibrationError):
        run(capsys, trace, masses, "other")
    with pytest.raises(RowError, match="a column named absent"):
        run(capsys, trace, masses, "absent")


def test_drift_is_one_slope_for_all_loads_and_steps_are_none() -> None:
    drift = DriftFit()
    assert drift.g_per_h is None
    for at_s in range(0, 3600, 10):
        load_g = 1000.0 if at_s // 600 % 2 else 0.0
        drift.add(at_s, load_g + 12 * at_s / 3600, same_load_g=50)
    assert drift.g_per_h == pytest.approx(12)


def write_stamps(path: Path, stamps: list[str], separator: str = ",") -> Path:
    rows = [f"{stamp}{separator}{1000 + place % 7}" for place, stamp in enumerate(stamps)]
    path.write_text("\n".join([f"timestamp_ms{separator}raw_counts", *rows]))
    return path


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param([str(1_700_000_000_000 + 100 * n) for n in range(50)], id="milliseconds"),
        pytest.param([str(100 * n) for n in range(50)], id="milliseconds since the start"),
        pytest.param([f"{1_700_000_000 + 0.1 * n:.3f}" for n in range(50)], id="seconds"),
        pytest.param([f"{0.1 * n:.3f}" for n in range(50)], id="seconds since the start"),
        pytest.param([str(1_700_000_000_000_000 + 100_000 * n) for n in range(50)], id="microseconds"),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_stamps_are_read_in_the_unit_that_they_are_in(tmp_path: Path, stamps: list[str], separator: str) -> None:
    samples, trace = read_trace(write_stamps(tmp_path / "trace.csv", stamps, separator))
    assert len(samples) == trace.report.samples == 50
    lasting_s = (samples[-1].measured_at - samples[0].measured_at).total_seconds()
    assert lasting_s == pytest.approx(4.9)


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        pytest.param([str(100 * n) for n in range(50, 0, -1)], "sort the file by its stamps", id="the newest first"),
        pytest.param([str(1_700_000_000 + n // 10) for n in range(200)], "sort the file", id="whole seconds"),
        pytest.param(["2023-10-15T14:07:02Z"] * 3, "line 2: expected a timestamp in ms", id="written out"),
    ],
)
def test_a_trace_without_usable_times_is_refused(tmp_path: Path, stamps: list[str], expected: str) -> None:
    with pytest.raises(RowError, match=expected):
        read_trace(write_stamps(tmp_path / "trace.csv", stamps))
