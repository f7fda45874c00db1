from pathlib import Path

import pytest

from storesense_edge.shelf.calibration import KnownMass
from storesense_edge.shelf.errors import FileError, RowError
from storesense_edge.shelf.masses import read_masses


def test_byte_order_mark_blanks_and_gaps_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "masses.csv"
    path.write_bytes(b"\xef\xbb\xbfWeight,a ,b ,C\r\n10,1,,\r\n\r\n-20, 2 ,3,\r\n")
    assert read_masses(path, "a") == [KnownMass(10, 1), KnownMass(-20, 2)]
    assert read_masses(path, " B ") == [KnownMass(-20, 3)]
    assert read_masses(path, "c") == []


def test_the_real_file_gives_each_cell_its_points(shared_dir: Path) -> None:
    path = shared_dir / "data/shelf/calibration_gmF.csv"
    assert len(read_masses(path, "tal220")) == 14
    assert len(read_masses(path, "degraw")) == 13
    assert read_masses(path, "degraw")[0] == KnownMass(2326, 5212010)


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        pytest.param("", 1, "a header", id="empty file"),
        pytest.param("Weight,b\n1,2\n", 1, "a column named a", id="no such column"),
        pytest.param("Weight,a\n1,2\n3,4x\n", 3, "counts in column a", id="text in a number"),
        pytest.param("Weight,a\nten,2\n", 2, "a mass in grams", id="text in a mass"),
        pytest.param("Weight,a\n1,nan\n", 2, "finite", id="NaN"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, text: str, line: int, expected: str) -> None:
    path = tmp_path / "masses.csv"
    path.write_text(text)
    with pytest.raises(RowError, match=expected) as caught:
        read_masses(path, "a")
    assert caught.value.line == line


def test_an_absent_file_and_a_folder_are_file_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(FileError, match=r"cannot be read"):
            read_masses(path, "a")
