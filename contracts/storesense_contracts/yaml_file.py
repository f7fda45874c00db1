"""Strict YAML for files that people edit: every mistake is reported with its line and what was expected."""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from storesense_contracts.errors import StoresenseError

MAX_FILE_BYTES = 4_000_000

_Path = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One mistake in a file.

    Attributes:
        line: counted from 1.
        where: path of keys to the value, such as ``devices[0].source.speed``.
        message: what is wrong and what was expected.
    """

    line: int
    where: str
    message: str


def mistake(message: str, *at: str | int) -> PydanticCustomError:
    """Make an error for a model's validator to raise, about the value at path ``at`` below that model."""
    return PydanticCustomError("mistake", "{message}", {"message": message, "at": at})


class FileError(StoresenseError):
    """A file that a person edits cannot be used as it stands."""

    exit_code = 2
    code = "bad_file"

    def __init__(self, *, path: Path, problems: list[FileProblem]) -> None:
        self.path = path
        self.problems = problems
        lines = [f"{path}:{p.line}: {p.where + ': ' if p.where else ''}{p.message}" for p in problems]
        super().__init__("\n".join(lines))


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML without duplicate keys, aliases, or the words that turn Norway into false."""


_StrictLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_BOOLEANS = {"true": True, "false": False}


class _Reader:
    """Turns YAML nodes into values and remembers the line of each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines: dict[_Path, int] = {}

    def value(self, node: yaml.Node, at: _Path) -> object:
        self.lines[at] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*at, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, at: _Path) -> dict[Hashable, object]:
        result: dict[Hashable, object] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key, str):
                raise self._error(key_node, "a key must be a plain word")
            if key in result:
                raise self._error(key_node, f"the key {key!r} stands here twice; remove one")
            result[key] = self.value(value_node, (*at, key))
            self.lines[*at, key] = key_node.start_mark.line + 1
        return result

    def _scalar(self, node: yaml.Node) -> object:
        if node.tag == "tag:yaml.org,2002:str" and node.value in _BOOLEANS and not getattr(node, "style", None):
            return _BOOLEANS[node.value]
        constructor = yaml.constructor.SafeConstructor()
        try:
            return constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as exc:
            raise self._error(node, str(exc)) from exc

    def _error(self, node: yaml.Node, message: str) -> FileError:
        return FileError(path=self._path, problems=[FileProblem(node.start_mark.line + 1, "", message)])


def _show(path: _Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


def _expected(error: Any) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return "no such key is known here; check its spelling"
    if kind == "missing":
        return "this key is required and missing"
    message = str(error["msg"])
    message = message.removeprefix("Value error, ")
    found = error.get("input")
    if kind not in {"value_error", "mistake"} and isinstance(found, str | int | float | bool):
        return f"{message[0].lower()}{message[1:]}, found {found!r}"
    return message


class FileLines:
    """Where in a file each value stands, for mistakes that only show when all values are put together."""

    def __init__(self, path: Path, lines: dict[_Path, int]) -> None:
        self._path = path
        self._lines = lines

    def problem(self, message: str, *at: str | int) -> FileProblem:
        """Make a problem of the value at path ``at``, or of what stands around it where the file has no such key."""
        known: _Path = at
        while known and known not in self._lines:
            known = known[:-1]
        return FileProblem(self._lines.get(known, 1), _show(at), message)

    def error(self, problems: list[FileProblem]) -> FileError:
        """Make the error that reports ``problems`` in the file's order."""
        return FileError(path=self._path, problems=sorted(problems, key=lambda p: (p.line, p.where)))


def parse_yaml(model: type[_Model], text: str, *, path: Path) -> _Model:
    """Read ``text`` as ``model``; see ``parse_yaml_lines``."""
    return parse_yaml_lines(model, text, path=path)[0]


def parse_yaml_lines(model: type[_Model], text: str, *, path: Path) -> tuple[_Model, FileLines]:
    """Read ``text`` as ``model``, and tell where each value stands.

    Args:
        model: a pydantic model whose nested models forbid unknown keys.
        text: the file's contents.
        path: where the text came from, for messages and for relative paths in it (validation context ``folder``).

    Raises:
        FileError: with the line of every mistake.
    """
    reader = _Reader(path)
    try:
        loader = _StrictLoader(text)
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                if isinstance(event, yaml.AliasEvent):
                    # An alias can make a small file huge ("billion laughs").
                    line = 1 if event.start_mark is None else event.start_mark.line + 1
                    problem = FileProblem(line, "", "aliases (*name) are not supported; write it out")
                    raise FileError(path=path, problems=[problem])
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = 1 if mark is None else mark.line + 1
        raise FileError(path=path, problems=[FileProblem(line, "", f"this is no YAML: {exc.problem}")]) from exc
    except (yaml.YAMLError, RecursionError) as exc:
        raise FileError(path=path, problems=[FileProblem(1, "", f"this is no YAML: {exc}")]) from exc
    if not isinstance(node, yaml.MappingNode):
        raise FileError(path=path, problems=[FileProblem(1, "", "expected 'key: value' lines at the top")])
    value = reader.value(node, ())
    try:
        return model.model_validate(value, context={"folder": path.parent}), FileLines(path, reader.lines)
    except ValidationError as exc:
        problems = [_problem(error, reader.lines) for error in exc.errors()]
        raise FileError(path=path, problems=sorted(problems, key=lambda p: (p.line, p.where))) from exc


def _problem(error: Any, lines: dict[_Path, int]) -> FileProblem:
    # Pydantic puts the tag of a discriminated union into the path; a key that the file does not have is skipped.
    known: _Path = ()
    parts = (*error["loc"], *error.get("ctx", {}).get("at", ()))
    for index, part in enumerate(parts):
        if (*known, part) in lines:
            known = (*known, part)
        elif index == len(parts) - 1 and error["type"] == "missing":
            return FileProblem(lines.get(known, 1), _show((*known, part)), _expected(error))
    return FileProblem(lines.get(known, 1), _show(known), _expected(error))


def load_yaml(model: type[_Model], path: Path) -> _Model:
    """Read a file as ``model``; see ``parse_yaml``."""
    return parse_yaml(model, read_text(path), path=path)


def read_text(path: Path) -> str:
    """Read a file that people edit. Raises FileError when it is absent, too big or no text."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FileError(
                path=path,
                problems=[FileProblem(1, "", f"over {MAX_FILE_BYTES} bytes; is it the right file?")],
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as exc:
        raise FileError(path=path, problems=[FileProblem(1, "", "there is no such file")]) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise FileError(path=path, problems=[FileProblem(1, "", f"cannot be read as UTF-8 text: {exc}")]) from exc
