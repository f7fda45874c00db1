"""What people edit or speak to is documented: every key of the site file, every topic."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from storesense_contracts import layout, site, site_sources
from storesense_contracts.topics import DownStream, Stream

MODELS = sorted(
    {
        value
        for module in (layout, site, site_sources)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value not in {BaseModel, layout.StrictModel}
    },
    key=lambda model: model.__name__,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_the_site_file_is_documented(model: type[BaseModel], repo_dir: Path) -> None:
    words = set(re.findall(r"[a-z_]+", (repo_dir / "docs" / "reference" / "site-file.md").read_text()))
    assert model.model_fields
    assert set(model.model_fields) <= words


def test_every_stream_is_documented(repo_dir: Path) -> None:
    text = (repo_dir / "docs" / "reference" / "messages.md").read_text()
    for stream in (*Stream, *DownStream):
        assert f"| `{stream.value}` |" in text


def test_every_table_is_documented(repo_dir: Path) -> None:
    docs = "\n".join(path.read_text() for path in (repo_dir / "docs" / "reference").glob("*.md"))
    schema_dir = repo_dir / "contracts" / "storesense_contracts" / "schema"
    tables = {
        name
        for path in schema_dir.glob("*.sql")
        for name in re.findall(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", path.read_text(), re.MULTILINE)
    }
    assert len(tables) > 15
    missing = {table for table in tables if f"`{table}`" not in docs}
    assert missing == set()
