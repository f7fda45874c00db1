"""Every command teaches itself: what it does, each of its arguments, and an example that the command takes."""

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from storesense_contracts.cli import build_parser
from storesense_contracts.settings import BrokerSettings, DatabaseSettings, ServiceSettings
from storesense_edge.settings import EdgeSettings


def commands(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The commands that do something themselves, with the words that name them."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield path, parser
    for group in groups:
        for name, child in group.choices.items():
            yield from commands(child, f"{path} {name}".strip())


PARSER = build_parser()
COMMANDS = dict(commands(PARSER))


def examples(help_text: str) -> list[str]:
    """The commands of the examples in a help, those of several lines made one, without settings and redirections."""
    block = re.search(r"^Examples?:\n((?:  .*\n?)+)", help_text, re.MULTILINE)
    if block is None:
        return []
    lines = re.sub(r"\\\n\s+", "", block[1]).strip().splitlines()
    return [re.sub(r"^([A-Z_]+=\S+ )+", "", line.strip()).partition(" >")[0] for line in lines]


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("path", COMMANDS)
def test_an_example_names_its_command_and_is_taken(path: str) -> None:
    given = examples(COMMANDS[path].format_help())
    assert given, "the help has no example"
    for example in given:
        words = shlex.split(example)
        assert words[: 1 + len(path.split())] == ["storesense", *path.split()]
        assert callable(PARSER.parse_args(words[1:]).handler)


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_and_each_of_its_arguments_are_explained(path: str) -> None:
    parser = COMMANDS[path]
    assert parser.description
    unexplained = [action.dest for action in parser._actions if not action.help]
    assert unexplained == []


def test_the_first_help_says_which_command_is_for_what() -> None:
    told = PARSER.format_help().partition("Which for what:")[2].partition("Examples:")[0]
    assert {path.split()[0] for path in COMMANDS} <= set(re.findall(r"[a-z]+", told))


def test_settings_of_examples_are_settings() -> None:
    kinds: tuple[type[ServiceSettings], ...] = (BrokerSettings, DatabaseSettings, EdgeSettings)
    known = {f"{kind.model_config.get('env_prefix')}{name.upper()}" for kind in kinds for name in kind.model_fields}
    named = {name for parser in COMMANDS.values() for name in re.findall(r"\b([A-Z_]+)=", parser.epilog or "")}
    assert named
    assert named <= known


def test_examples_stay_on_their_lines_and_other_words_are_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = COMMANDS["demo"].format_help()
    assert "\n  storesense demo --store supermarket --history 30\n" in text
    assert max(map(len, re.sub(r"^  storesense .*$", "", text, flags=re.MULTILINE).splitlines())) <= 100
