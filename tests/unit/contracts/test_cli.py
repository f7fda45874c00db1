import argparse
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint

import pytest

from storesense_contracts import cli
from storesense_contracts.errors import UsageError


def command(handler: Callable[[argparse.Namespace], int]) -> object:
    def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
        subparsers.add_parser("try").set_defaults(handler=handler)

    class Entry(EntryPoint):
        def load(self) -> object:
            return add

    return Entry(name="try", value="x:y", group="storesense.commands")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[argparse.Namespace], int]], int]:
    def _run(handler: Callable[[argparse.Namespace], int]) -> int:
        monkeypatch.setattr(cli, "entry_points", lambda **_: [command(handler)])
        return cli.main(["try"])

    return _run


def test_a_handler_s_code_is_the_exit_code(run: Callable[..., int]) -> None:
    assert run(lambda _: 7) == 7


def test_our_errors_end_with_one_line_and_their_code(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise UsageError("no such store 's9'; list them with: storesense stores")

    assert run(fail) == 2
    assert capsys.readouterr().err == "storesense try: no such store 's9'; list them with: storesense stores\n"


def test_a_missing_extra_is_named_with_its_remedy(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise ModuleNotFoundError("No module named 'fastapi'", name="fastapi.routing")

    assert run(fail) == 3
    assert "pip install 'storesense[backend]'" in capsys.readouterr().err


def test_a_bug_is_not_dressed_up(run: Callable[..., int]) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise ModuleNotFoundError("No module named 'storesense_typo'", name="storesense_typo")

    with pytest.raises(ModuleNotFoundError):
        run(fail)


def test_ctrl_c_is_130(run: Callable[..., int]) -> None:
    def interrupt(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    assert run(interrupt) == 130


def test_every_installed_subcommand_has_help() -> None:
    parser = cli.build_parser()
    (subparsers,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    assert "contracts" in subparsers.choices
    assert {choice.dest for choice in subparsers._choices_actions} == set(subparsers.choices)


def test_every_command_s_help_begins_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for child in action.choices.values():
                    yield from parsers(child)

    found = list(parsers(cli.build_parser()))
    assert len(found) > 20
    assert [p.prog for p in found if not (p.description or "").endswith(".")] == []
    for parser in found:
        parser.print_help()
    assert "%%" not in capsys.readouterr().out


def test_an_interrupt_while_commands_are_loaded_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**_: object) -> list[EntryPoint]:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "entry_points", interrupt)
    assert cli.main(["demo"]) == 130
