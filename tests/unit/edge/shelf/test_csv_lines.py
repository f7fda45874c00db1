"""Cells of a CSV file, whichever program wrote it."""

from pathlib import Path

import pytest

from storesense_edge.shelf.csv_lines import numbered_rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param("a,b\n1,2\n", [["a", "b"], ["1", "2"]], id="commas"),
        pytest.param("a;b\r\n1,5;2\r\n", [["a", "b"], ["1.5", "2"]], id="semicolons and decimal commas"),
        pytest.param("a\tb\n-1,5\t2e3\n", [["a", "b"], ["-1.5", "2e3"]], id="tabs"),
        pytest.param("a;b\n1,2,3;x, y\n", [["a", "b"], ["1,2,3", "x, y"]], id="a comma in what is no number stays"),
        pytest.param('a;b\n"1;5";2\n', [["a", "b"], ["1;5", "2"]], id="a quoted semicolon"),
        pytest.param("a,b;c\n1,5;2\n", [["a", "b;c"], ["1", "5;2"]], id="a comma in the header parts the cells"),
        pytest.param("\n \n a , b \n", [["a", "b"]], id="blank lines and blanks"),
    ],
)
def test_cells_are_told_apart(tmp_path: Path, text: str, rows: list[list[str]]) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode("utf-8-sig"))
    assert [cells for _, cells in numbered_rows(path)] == rows
