"""How many visits were open outlives a restart, and a damaged file costs nothing but that."""

from pathlib import Path

import pytest

from storesense_edge.open_visits import OpenVisits, OpenVisitsFile


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    visits = OpenVisits(zones={"aisle-1": 3}, queues={"tills": 2})
    OpenVisitsFile(tmp_path / "state" / "cam.visits.json").save(visits)
    assert OpenVisitsFile(tmp_path / "state" / "cam.visits.json").load() == visits


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty, as after a power cut"),
        pytest.param('{"zones": {"a": 3', id="cut off"),
        pytest.param("[1, 2]", id="no object"),
        pytest.param('{"zones": {"a": -3, "b": 1e9, "c": "4", "d": true, "e": 1.5}}', id="no numbers of people"),
        pytest.param('{"zones": 7, "queues": null}', id="no zones"),
        pytest.param("[" * 100_000, id="nested without end"),
        pytest.param(" " * 300_000, id="too large"),
    ],
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cam.visits.json"
    path.write_text(text, encoding="utf-8")
    assert OpenVisitsFile(path).load() == OpenVisits()


def test_a_missing_file_is_as_good_as_none(tmp_path: Path) -> None:
    assert OpenVisitsFile(tmp_path / "none.json").load() == OpenVisits()


def test_a_full_disk_costs_only_the_numbers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cam.visits.new").mkdir()
    OpenVisitsFile(tmp_path / "cam.visits.json").save(OpenVisits(zones={"a": 1}))
    assert "could not be kept" in caplog.text


def test_what_is_open_is_kept_when_it_has_changed_and_seldom(tmp_path: Path) -> None:
    path = tmp_path / "cam.visits.json"
    file, asked = OpenVisitsFile(path), []

    def kept_at(now_s: float, people: int, *, now_or_never: bool = False) -> int:
        def visits() -> OpenVisits:
            asked.append(now_s)
            return OpenVisits(zones={"a": people})

        file.follow(visits, now_s, now_or_never=now_or_never)
        return OpenVisitsFile(path).load().zones.get("a", 0)

    assert kept_at(100.0, 1) == 1, "the first time at once"
    assert kept_at(104.9, 2) == 1
    assert kept_at(105.1, 2) == 2
    assert kept_at(106.0, 3, now_or_never=True) == 3
    path.unlink()
    assert kept_at(120.0, 3) == 0, "nothing has changed, so nothing is written"
    assert asked == [100.0, 105.1, 106.0, 120.0]
