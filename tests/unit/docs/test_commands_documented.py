"""Every command stands in the documents, and so does each of its options."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from storesense_contracts.cli import build_parser


def commands(parser: argparse.ArgumentParser, path: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield path, parser
    for group in groups:
        for name, child in group.choices.items():
            yield from commands(child, f"{path} {name}")


COMMANDS = dict(commands(build_parser(), "storesense"))
OF_ALL = {"--help", "--json"}


@pytest.fixture(scope="module")
def documents(repo_dir: Path) -> str:
    pages = [repo_dir / "README.md", repo_dir / "CONTRIBUTING.md", *sorted((repo_dir / "docs").rglob("*.md"))]
    return "\n".join(page.read_text() for page in pages)


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_and_its_options_are_documented(path: str, documents: str) -> None:
    assert re.search(rf"{path}\b", documents)
    options = {name for action in COMMANDS[path]._actions for name in action.option_strings if name.startswith("--")}
    missing = [name for name in sorted(options - OF_ALL) if not re.search(rf"{name}(?![\w-])", documents)]
    assert missing == []
