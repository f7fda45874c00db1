"""Every command stands in the documents, and so does each of its options."""

import argparse
import re
import shlex
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


PARSER = build_parser()
COMMANDS = dict(commands(PARSER, "storesense"))
GROUPS = sorted({path.split()[1] for path in COMMANDS})
SHELL = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
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


def shell_commands(repo_dir: Path) -> list[str]:
    """Our command's lines in the documents' blocks of shell, those of several lines made one."""
    pages = [repo_dir / "README.md", *sorted((repo_dir / "docs").rglob("*.md"))]
    blocks = [block for page in pages for block in SHELL.findall(page.read_text())]
    lines = [line for block in blocks for line in re.sub(r"\\\n\s*", "", block).splitlines()]
    return [
        match[0] for line in lines if (match := re.search(rf"(?<![/.\w:])storesense (?:{'|'.join(GROUPS)})\b.*", line))
    ]


def test_commands_in_blocks_of_shell_are_taken(repo_dir: Path) -> None:
    shown = shell_commands(repo_dir)
    assert len(shown) > 10
    for line in shown:
        words = shlex.split(line, comments=True)[1:]
        if "--help" not in words:
            assert callable(PARSER.parse_args(words).handler), line
