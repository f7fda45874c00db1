"""The commands that compare the twin with theory and recordings."""

import json
from pathlib import Path

import pytest

from storesense_contracts.cli import main
from storesense_simulators.twin.errors import TrajectoryFileError
from storesense_simulators.twin.theory_speeds import model_speeds, recorded_speeds


def test_sim_mmc_prints_one_object_with_interval_and_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["sim", "mmc", "--servers", "2", "--load", "0.5", "--customers", "20000", "--json"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    row = result["rows"][0]
    assert row["formula_s"] == pytest.approx(100 / 3)
    assert row["deviation"] == pytest.approx(row["measured_s"] / row["formula_s"] - 1, abs=1e-4)
    assert row["half_width_s"] > 0
    assert status == (0 if abs(row["deviation"]) <= 0.03 else 1)


def test_sim_flow_measures_speed_and_reads_recordings(shared_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared_dir / "data" / "trajectories"
    status = main(["sim", "flow", "--density", "1.5", "--trajectories", str(folder), "--json"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert status == 0
    assert result["points"][0]["is_within"]
    recorded = [speeds["mean_m_s"] for speeds in result["recorded_free_speed"].values()]
    assert len(recorded) == 2
    assert min(recorded) - 0.1 < result["model_free_speed"]["mean_m_s"] < max(recorded) + 0.1


def test_free_speed_is_measured_when_nobody_is_near_and_nobody_stands(tmp_path: Path) -> None:
    rows = [
        *(f"{frame} 1 {1.2 * frame / 25} 0 0 0 0 0" for frame in (0, 10, 20)),  # alone, 1.2 m/s
        *(f"{frame} 2 50 0 0 0 0 0" for frame in (0, 10, 20)),  # stands
        *(f"{frame} 3 {2 * frame / 25} 0 90 0 0 0" for frame in (0, 10)),  # beside number 4: not free
        *(f"{frame} 4 {2 * frame / 25} 0 91 0 0 0" for frame in (0, 10)),
        *(f"{frame} 5 {1.4 * frame / 25} 0 -50 0 0 0" for frame in (0, 10)),
    ]
    path = tmp_path / "obsmat.txt"
    path.write_text("\n".join(rows))
    speeds = recorded_speeds(path)
    assert speeds.people == 2
    assert speeds.mean_m_s == pytest.approx(1.3)


@pytest.mark.parametrize("text", ["1 2 3\n", "a b c d e f g h\n"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "obsmat.txt"
    path.write_text(text)
    with pytest.raises(TrajectoryFileError, match="expected rows of frame"):
        recorded_speeds(path)


def test_walkers_alone_make_good_the_speeds_that_they_were_given() -> None:
    speeds = model_speeds(seed=1)
    assert speeds.mean_m_s == pytest.approx(1.34, abs=0.05)
    assert speeds.sd_m_s == pytest.approx(0.25, abs=0.04)
