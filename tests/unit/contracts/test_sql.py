import sys
from pathlib import Path

import pytest

from storesense_contracts.sql import load_queries


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "queries_under_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "queries_under_test", raising=False)
    return folder


def test_named_blocks_are_read(package: Path) -> None:
    (package / "q.sql").write_text("-- a comment first\n-- name: one\nSELECT 1;\n\n-- name: two\n-- why\nSELECT 2;\n")
    assert load_queries("queries_under_test", "q.sql") == {"one": "SELECT 1;", "two": "-- why\nSELECT 2;"}


def test_a_name_twice_is_refused(package: Path) -> None:
    (package / "q.sql").write_text("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;\n")
    with pytest.raises(ValueError, match="twice"):
        load_queries("queries_under_test", "q.sql")


PIECES = """\
-- what they are for
-- piece: both table first second=first
PICK {first} OF {table}_1
UNION ALL
PICK {second} OF {table}_2

-- piece: ending
LIMIT 1
"""


def with_pieces(package: Path, block: str) -> str:
    (package / "pieces.sql").write_text(PIECES)
    (package / "q.sql").write_text(f"-- name: one\n{block}")
    return load_queries("queries_under_test", "q.sql", "pieces.sql")["one"]


@pytest.mark.parametrize(
    ("put", "first", "second"),
    [
        pytest.param("-- put: both things | a, b", "a, b", "a, b", id="what is left out is as the one before"),
        pytest.param("-- put: both things | a | 1 || b", "a", "1 || b", id="two bars are SQL's own"),
        pytest.param("-- put: both things\n    --     | a,\n    --       b\n    --     | c", "a, b", "c", id="lines"),
        pytest.param("-- put: both things | f('|')", "f('|')", "f('|')", id="a bar within something"),
    ],
)
def test_a_piece_is_put_in_where_a_block_says_so(package: Path, put: str, first: str, second: str) -> None:
    text = with_pieces(package, f"SELECT sum(x)\nFROM (\n    {put}\n) AS both;\n-- put nothing else\n")
    assert text.splitlines() == [
        "SELECT sum(x)",
        "FROM (",
        f"    PICK {first} OF things_1",
        "    UNION ALL",
        f"    PICK {second} OF things_2",
        ") AS both;",
        "-- put nothing else",
    ]


def test_a_piece_may_want_nothing_and_stand_beside_another(package: Path) -> None:
    text = with_pieces(package, "-- put: both t | a\n-- put: ending\n")
    assert text == "PICK a OF t_1\nUNION ALL\nPICK a OF t_2\nLIMIT 1"


@pytest.mark.parametrize("put", ["neither t | a", "both t", "both", "both t | a | b | c", "ending t"])
def test_a_piece_that_cannot_be_put_in_is_refused(package: Path, put: str) -> None:
    with pytest.raises(ValueError, match="one cannot put in"):
        with_pieces(package, f"-- put: {put}\n")
