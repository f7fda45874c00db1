"""``storesense chaos``: starts the world, lets the plan loose on it and prints what came of it."""

import argparse
import asyncio
import json
import logging
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from storesense_contracts.errors import UsageError
from storesense_simulators.chaos.run import Outcome, carry_out
from storesense_simulators.chaos.world import World, WorldOptions
from storesense_simulators.progress_line import ProgressLine, count_line

_INTERRUPTED = 130
_WANTED_ZERO = (
    *("lost", "duplicates", "undrained", "ledger_errors"),
    *("commands_twice", "commands_unanswered", "commands_untrue"),
)


def run_chaos(args: argparse.Namespace) -> int:
    """Run ``storesense chaos``; 0 if nothing was lost, doubled or left behind, otherwise 1.

    Raises:
        StoresenseError: something could not be started or did not come back; its folder is kept.
    """
    if not args.verbose:
        logging.getLogger().setLevel(logging.WARNING)
    folder: Path = args.keep.absolute() if args.keep else Path(tempfile.mkdtemp(prefix="storesense-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "sent").exists():
        raise UsageError(f"{folder} holds an earlier run; name a new folder with --keep")
    if args.keep is None:
        folder.chmod(0o711)  # the database server has a user of its own when we are root
    try:
        result = asyncio.run(_run(args, folder))
    except asyncio.CancelledError:
        result = None
    if args.keep is None:
        shutil.rmtree(folder, ignore_errors=True)
    if result is None:
        return _INTERRUPTED
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stderr.write("".join(f"{name}: {value}\n" for name, value in result.items()))
    return 0 if all(result[figure] == 0 for figure in _WANTED_ZERO) else 1


async def _run(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel if task else lambda: None)
    options = WorldOptions(
        folder=folder,
        run_id=secrets.token_hex(4),
        broker=args.broker,
        database_url=args.database,
        keeps=bool(args.keep),
    )
    world = World(options)
    with ProgressLine(is_quiet=args.quiet) as progress:
        async with world:
            outcome = await carry_out(
                world,
                kills=args.kills,
                seed=args.seed,
                folder=folder,
                tell=lambda done, what: progress.tell(
                    lambda spent_s: count_line(f"chaos, {what}", done=done, total=args.kills, spent_s=spent_s)
                ),
            )
            if args.keep:
                sys.stderr.write(world.leave_database())
    return as_json(outcome, seed=args.seed, database=world.database_name, broker=args.broker)


def as_json(outcome: Outcome, *, seed: int, database: str, broker: str) -> dict[str, Any]:
    """Return the object that ``--json`` prints; docs/reference/chaos.md says what each figure means."""
    counted, times = outcome.audit, outcome.times
    return {
        "kills": outcome.kills.total(),
        "kills_by_part": {part.value: number for part, number in sorted(outcome.kills.items())},
        "sent": counted.sent,
        "stored": counted.stored,
        "lost": counted.lost,
        "duplicates": counted.duplicates,
        "dead_letters": counted.dead_letters,
        "max_recovery_s": times.max_s("kills"),
        "seed": seed,
        "database": database,
        "broker": broker,
        "half_open_recovery_s": times.max_s("half_open"),
        "disk_full_recovery_s": times.max_s("full_disks"),
        "cut_recovery_s": times.max_s("cuts"),
        "overlapping_recovery_s": times.max_s("overlapping"),
        "salvo_recovery_s": times.max_s("salvos"),
        "recovery_over_5_s": sum(each.recovery_s > 5.0 for each in times.kills),
        "troubles": outcome.troubles.total(),
        "dead_letter_messages": counted.dead,
        "dropped": counted.dropped,
        "declared_gaps": counted.declared,
        "sent_readings": counted.sent_readings,
        "stored_readings": counted.stored_readings,
        "from_memory": counted.from_memory,
        "ledger_errors": counted.ledger_errors,
        "undrained": outcome.undrained,
        "drain_s": round(outcome.drain_s, 1),
        "commands": outcome.commands.asked,
        "commands_by_outcome": outcome.commands.outcomes,
        "commands_done": outcome.commands.done,
        "commands_twice": outcome.commands.twice,
        "commands_unanswered": outcome.commands.unanswered,
        "commands_untrue": outcome.commands.untrue,
        "lost_messages": [list(key) for key in counted.lost_keys],
    }
