"""The subcommands of storesense_contracts."""

import argparse
import sys
from pathlib import Path

from storesense_contracts.errors import UsageError
from storesense_contracts.generate import generated_files
from storesense_contracts.kpis import reference_page

_DEFAULT_DIR = Path("contracts/generated")
_KPI_PAGE = Path("docs/reference/kpis.md")


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``contracts generate`` and ``contracts check``."""
    parser = subparsers.add_parser(
        "contracts",
        help="JSON schemas and the AsyncAPI document of the MQTT messages",
        description="JSON schemas and an AsyncAPI document, generated from the message structs.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, handler, text in (
        ("generate", _generate, "write the schemas, the AsyncAPI document and the page of KPIs"),
        ("check", _check, "fail, and name them, if these files are not what the code says"),
    ):
        action = actions.add_parser(name, help=text, epilog=f"Example:\n  storesense contracts {name}")
        action.add_argument(
            "--dir", type=Path, default=_DEFAULT_DIR, help="folder of the files (default: %(default)s, in a checkout)"
        )
        action.set_defaults(handler=handler)


def _generate(args: argparse.Namespace) -> int:
    args.dir.mkdir(parents=True, exist_ok=True)
    for name, text in generated_files().items():
        (args.dir / name).write_text(text, encoding="utf-8")
    sys.stderr.write(f"wrote {len(generated_files())} files to {args.dir}\n")
    if args.dir == _DEFAULT_DIR and _KPI_PAGE.parent.is_dir():
        _KPI_PAGE.write_text(reference_page(), encoding="utf-8")
        sys.stderr.write(f"wrote {_KPI_PAGE}\n")
    return 0


def _check(args: argparse.Namespace) -> int:
    files = generated_files()
    present = {path.name: path.read_text(encoding="utf-8") for path in sorted(args.dir.glob("*.json"))}
    wrong = sorted(name for name in files.keys() | present.keys() if files.get(name) != present.get(name))
    if wrong:
        raise UsageError(f"not what the message structs say: {', '.join(wrong)}; run: storesense contracts generate")
    return 0
