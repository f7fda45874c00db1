"""SQL kept in files: named blocks, read as package data.

A block begins with a line ``-- name: some_name`` and ends where the next one begins.
"""

import re
from importlib.resources import files
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


def load_queries(package: str, file_name: str) -> dict[str, LiteralString]:
    """Read the named blocks of a package's ``.sql`` file.

    The text ships with the package and holds no outside input, which is what LiteralString vouches for.

    Raises:
        ValueError: a name stands twice.
    """
    parts = _NAME.split(files(package).joinpath(file_name).read_text(encoding="utf-8"))
    queries: dict[str, LiteralString] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in queries:
            raise ValueError(f"{package}/{file_name}: the block {name} stands twice")
        queries[name] = cast(LiteralString, text.strip())
    return queries
