"""SQL kept in files: named blocks, read as package data, and pieces that several blocks share.

A block begins with a line ``-- name: some_name`` and ends where the next one begins. A piece stands in a file of its
kind, begins with ``-- piece: some_name one two=one`` and has its parameters in braces: ``SELECT {one} FROM {two}``. A
block puts it in with a line ``-- put: some_name first | second``, which goes on in the comment lines after it that are
indented by three or more. What is left out has the value of the parameter behind ``=``.
"""

import re
from importlib.resources import files
from typing import LiteralString, NamedTuple

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)
_PIECE = re.compile(r"^-- piece: ([a-z][a-z0-9_]*)((?: [a-z]+(?:=[a-z]+)?)*)\s*$", re.MULTILINE)
_PUT = re.compile(r"^( *)-- put: ([a-z][a-z0-9_]*)(.*(?:\n *--   .*)*)$", re.MULTILINE)
_GOES_ON = re.compile(r"\n *--   +")
_PARAMETER = re.compile(r"\{([a-z]+)\}")


class _Piece(NamedTuple):
    text: str
    parameters: list[tuple[str, str]]
    """Each one's name, and that of the parameter whose value it has when it is left out; empty if it may not be."""

    def filled(self, arguments: list[str]) -> str:
        values: dict[str, str] = {}
        for place, (name, default) in enumerate(self.parameters):
            values[name] = arguments[place] if place < len(arguments) else values[default]
        if len(arguments) > len(values):
            raise IndexError
        return _PARAMETER.sub(lambda found: values[found[1]], self.text)


def load_queries(package: str, file_name: str, pieces: str | None = None) -> dict[str, LiteralString]:
    """Read the named blocks of a package's ``.sql`` file.

    The text ships with the package and holds no outside input, which is what LiteralString vouches for.

    Args:
        package: the package's name.
        file_name: its file of blocks.
        pieces: its file of pieces that the blocks put in, if they do.

    Raises:
        ValueError: a name stands twice, or a piece that is put in is not there or wants other arguments.
    """
    known = {} if pieces is None else _load_pieces(package, pieces)
    queries: dict[str, LiteralString] = {}
    for name, (text,) in _blocks(package, file_name, _NAME).items():

        def put(found: re.Match[str], block: str = name) -> str:
            margin, piece, rest = found.groups()
            arguments = [each.strip() for each in re.split(r" \| | \|$", _GOES_ON.sub(" ", rest))]
            try:
                filled = known[piece].filled([each for each in arguments if each])
            except (KeyError, IndexError) as exc:
                raise ValueError(f"{package}/{file_name}: {block} cannot put in {piece} that way") from exc
            return "\n".join(margin + line for line in filled.splitlines())

        queries[name] = _PUT.sub(put, text)
    return queries


def _load_pieces(package: str, file_name: str) -> dict[str, _Piece]:
    found = {}
    for name, (parameters, text) in _blocks(package, file_name, _PIECE).items():
        named = [each.partition("=") for each in parameters.split()]
        found[name] = _Piece(text, [(parameter, default) for parameter, _, default in named])
    return found


def _blocks(package: str, file_name: str, heading: re.Pattern[str]) -> dict[str, list[str]]:
    """Return, by name, what else a block's heading says, and its text."""
    parts = heading.split(files(package).joinpath(file_name).read_text(encoding="utf-8"))
    size = heading.groups + 1
    blocks: dict[str, list[str]] = {}
    for start in range(1, len(parts), size):
        name, *texts = parts[start : start + size]
        if name in blocks:
            raise ValueError(f"{package}/{file_name}: the block {name} stands twice")
        blocks[name] = [text.strip() for text in texts]
    return blocks
