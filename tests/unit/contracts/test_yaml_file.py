from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from storesense_contracts.layout import StrictModel
from storesense_contracts.yaml_file import FileError, FileProblem, load_yaml, parse_yaml


class Inner(StrictModel):
    speed: Annotated[float, Field(gt=0)] = 1.0
    loop: bool = False
    name: str = ""


class Outer(StrictModel):
    version: int
    items: list[Inner] = Field(default_factory=list)


def problems(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(FileError) as caught:
        parse_yaml(Outer, text, path=Path("site.yaml"))
    assert caught.value.exit_code == 2
    for problem in caught.value.problems:
        assert f"site.yaml:{problem.line}: " in str(caught.value)
    return [(p.line, p.where, p.message) for p in caught.value.problems]


def test_values_arrive_with_their_types() -> None:
    outer = parse_yaml(
        Outer, "version: 1\nitems:\n  - {speed: 2, loop: true, name: 'no'}\n  - name: no\n", path=Path("x")
    )
    assert outer.items == [Inner(speed=2.0, loop=True, name="no"), Inner(name="no")]


@pytest.mark.parametrize(
    ("text", "line", "where", "message", "why"),
    [
        ("version: 1\nitms: []\n", 2, "itms", "no such key", "a typo in a key"),
        ("items: []\n", 1, "version", "required and missing", "a missing key is reported where it should stand"),
        ("version: 1\nitems:\n  - loop: false\n    speed: 0\n", 4, "items[0].speed", "greater than 0", "out of bounds"),
        ("version: 1\nitems:\n  - speed: fast\n", 3, "items[0].speed", "valid number", "a text for a number"),
        ("version: 1\nversion: 2\n", 2, "", "twice", "a duplicate key would silently win"),
        ("version: 1\nitems: [\n", 3, "", "no YAML", "unclosed bracket"),
        ("version: 1\nitems:\n\t- speed: 1\n", 3, "", "no YAML", "a tab"),
        ("- 1\n", 1, "", "at the top", "a list at the top"),
        ("", 1, "", "at the top", "an empty file"),
        ("version: &a 1\nitems: *a\n", 2, "", "aliases", "an alias can make a small file huge"),
        ("version: !!python/object:os.system 1\n", 1, "", "", "a tag that would build an object"),
        ("version: 1\n1: 2\n? [a]\n: 3\n", 3, "", "plain word", "a key that is a list"),
    ],
)
def test_each_mistake_has_its_line_and_what_was_expected(
    text: str, line: int, where: str, message: str, why: str
) -> None:
    found = problems(text)
    assert (found[0][0], found[0][1]) == (line, where), why
    assert message in found[0][2], why


def test_all_mistakes_are_reported_at_once() -> None:
    found = problems("version: x\nitems:\n  - speed: -1\n    colour: red\n")
    assert [line for line, _, _ in found] == [1, 3, 4]


def test_a_missing_file_and_a_binary_one_are_clear(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such file"):
        load_yaml(Outer, tmp_path / "none.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(FileError, match="UTF-8"):
        load_yaml(Outer, binary)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfversion: 3\n")
    assert load_yaml(Outer, path).version == 3


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    found: list[FileProblem] = []
    try:
        parse_yaml(Outer, text, path=Path("x.yaml"))
    except FileError as error:
        found = error.problems
    assert all(problem.line >= 1 and problem.message for problem in found)
