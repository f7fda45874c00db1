"""``storesense sim check`` and ``storesense sim site``: look at a store file, and get its site file."""

import argparse
import json
import sys
from collections.abc import Iterator

from storesense_contracts.errors import StoresenseError
from storesense_contracts.yaml_file import FileError

_STORE_HELP = "a shipped store (convenience, supermarket, fashion) or the path of a store file"


def add_store_commands(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands about store files to ``storesense sim``."""
    check = actions.add_parser(
        "check",
        help="say what a store file describes, or every mistake with its line",
        description="Look at a store file as a whole: its words and ids, what stands where, and whether people get to "
        "every shelf, till, queue and post from the doors.",
        epilog="Example:\n  storesense sim check --store my-store.yaml\n"
        "\n"
        "Exit codes: 0 sound, 2 mistakes or no such store.",
    )
    check.add_argument("--store", required=True, metavar="NAME|FILE", help=_STORE_HELP)
    check.add_argument("--json", action="store_true", help="print what was found as one JSON object")
    check.set_defaults(handler=_check)
    site = actions.add_parser(
        "site",
        help="print the site file of a store: layout, devices (all simulated) and rules",
        description="Print the site file that follows from a store file. A real shop can start from it: replace the "
        "simulated sources by cameras and load cells one by one.",
        epilog="Example:\n  storesense sim site --store convenience > site.yaml",
    )
    site.add_argument("--store", required=True, metavar="NAME|FILE", help=_STORE_HELP)
    site.set_defaults(handler=_site)


def _check(args: argparse.Namespace) -> int:
    from storesense_simulators.twin.load_shop import load_shop  # noqa: PLC0415

    try:
        shop = load_shop(args.store)
    except StoresenseError as exc:
        if not args.json:
            raise
        found = exc.problems if isinstance(exc, FileError) else []
        problems = [{"line": p.line, "where": p.where, "message": p.message} for p in found]
        sys.stdout.write(json.dumps({"ok": False, "problems": problems or [{"message": str(exc)}]}) + "\n")
        return exc.exit_code
    counts = {
        "doors": len(shop.doors),
        "shelves": len(shop.shelves),
        "products": len(shop.places),
        "weighed_slots": len(shop.cells),
        "zones": len(shop.zones),
        "lanes": len(shop.tills),
        "queues": len(shop.queues),
        "cameras": len(shop.cameras),
        "climate_sensors": len(shop.climate),
    }
    if args.json:
        report = {"ok": True, "store_id": shop.store_id, "size_m": list(shop.size_m), **counts}
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        sys.stdout.write("\n".join(_described(shop.layout.name, shop.store_id, shop.size_m, counts)) + "\n")
    return 0


def _described(name: str, store_id: str, size_m: tuple[float, float], counts: dict[str, int]) -> Iterator[str]:
    yield f"{name} ({store_id}), {size_m[0]:g} by {size_m[1]:g} m: sound"
    for what, count in counts.items():
        yield f"  {count:4} {what.replace('_', ' ')}"


def _site(args: argparse.Namespace) -> int:
    from storesense_simulators.twin.load_shop import load_shop  # noqa: PLC0415
    from storesense_simulators.twin.site_of_store import site_yaml  # noqa: PLC0415

    shop = load_shop(args.store)
    sys.stdout.write(
        f"# The site file of {shop.layout.name}, derived from its store file. Every device is simulated: give one a\n"
        "# real source, and the edge agent takes it over.\n"
    )
    sys.stdout.write(site_yaml(shop.site))
    return 0
