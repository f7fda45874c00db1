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
