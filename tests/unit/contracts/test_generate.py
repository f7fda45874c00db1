import argparse
from pathlib import Path

import jsonschema
import pytest

from storesense_contracts import commands, generate
from storesense_contracts.errors import UsageError
from storesense_contracts.topics import DownStream, Stream


def test_generated_files_are_current(repo_dir: Path) -> None:
    for name, text in generate.generated_files().items():
        assert (repo_dir / "contracts" / "generated" / name).read_text() == text, f"{name}: run make contracts"


def test_every_message_has_a_valid_schema() -> None:
    schemas = generate.message_schemas()
    assert set(schemas) == {stream.value for stream in Stream} | {"ack", "config", "command", "alerts"}
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_topic_is_in_the_asyncapi_document() -> None:
    document = generate.asyncapi_document()
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {f"storesense/v1/{{store_id}}/{{device_id}}/up/{s.value}" for s in Stream} | {
        f"storesense/v1/{{store_id}}/{{device_id}}/down/{s.value}" for s in DownStream
    } | {"storesense/v1/{store_id}/alerts/{section_id}"}
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]


def test_check_finds_a_stale_a_missing_and_a_surplus_file(tmp_path: Path) -> None:
    args = argparse.Namespace(dir=tmp_path)
    assert commands._generate(args) == 0
    assert commands._check(args) == 0
    (tmp_path / "queue.schema.json").write_text("{}")
    (tmp_path / "zone.schema.json").unlink()
    (tmp_path / "old.schema.json").write_text("{}")
    with pytest.raises(UsageError, match=r"old\.schema\.json, queue\.schema\.json, zone\.schema\.json"):
        commands._check(args)
