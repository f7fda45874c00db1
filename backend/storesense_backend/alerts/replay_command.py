"""``storesense alerts replay``: rules from a file, tried on a store's past."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from storesense_contracts.errors import UsageError
from storesense_contracts.layout import Id, StrictModel
from storesense_contracts.rules import Rule
from storesense_contracts.yaml_file import load_yaml

if TYPE_CHECKING:
    from storesense_backend.database import Connection

_MOST_READINGS = 50_000_000


class RulesFile(StrictModel):
    """Rules to try, as they stand in a site file, and the store whose past is meant."""

    store: Id | None = None
    rules: Annotated[list[Rule], Field(min_length=1, max_length=1_000)]


def run_replay(
    args: argparse.Namespace,
    with_connection: Callable[["Callable[[Connection], Awaitable[Any]]"], Any],
    say: Callable[[argparse.Namespace, str, dict[str, Any]], int],
) -> int:
    """Try the rules of ``args.rules`` from ``args.from_at`` to ``args.to_at``.

    Raises:
        FileError: the file is wrong.
        UsageError: it is not clear which store is meant.
        InvalidError: a rule makes no sense in the store.
    """
    from storesense_backend.alerts.assessors import build_assessors  # noqa: PLC0415 -- heavy
    from storesense_backend.alerts.ledger import read_stores  # noqa: PLC0415
    from storesense_backend.alerts.replay import replay  # noqa: PLC0415
    from storesense_backend.alerts.values import Timing  # noqa: PLC0415
    from storesense_backend.ranges import time_span  # noqa: PLC0415
    from storesense_backend.registry import list_stores  # noqa: PLC0415
    from storesense_backend.rule_records import check_rules  # noqa: PLC0415
    from storesense_backend.settings import AlertsSettings  # noqa: PLC0415
    from storesense_contracts.settings import load_settings  # noqa: PLC0415

    asked = load_yaml(RulesFile, Path(args.rules))
    settings = load_settings(AlertsSettings)
    now = datetime.now(UTC)
    span = time_span(args.from_at, args.to_at, now=now, usual=timedelta(days=30), longest=timedelta(days=400))

    def progress(at: datetime, count: int) -> None:
        if at.hour == 0 or at == span.to_at:
            sys.stderr.write(f"{at:%Y-%m-%d %H:%M} UTC, {count} readings judged\n")

    async def work(connection: "Connection") -> dict[str, Any]:
        store_id = args.store or asked.store
        if store_id is None:
            known = [row["store_id"] for row in await list_stores(connection)]
            if len(known) != 1:
                raise UsageError(f"say whose past is meant: --store with one of {', '.join(known) or '(none)'}")
            store_id = known[0]
        view = (await read_stores(connection, [store_id])).get(store_id)
        if view is None or isinstance(view, str):
            raise UsageError(f"store {store_id!r} {'is not registered' if view is None else 'cannot be read: ' + view}")
        check_rules(view.layout, asked.rules, view.device_ids)
        timing = Timing(late_s=settings.late_s, stale_s=settings.stale_s, settle_s=settings.settle_s)
        return await replay(
            connection,
            view,
            asked.rules,
            span,
            timing=timing,
            assessors=build_assessors(),
            most_readings=_MOST_READINGS,
            progress=progress,
        )

    found = with_connection(work)
    lines = [
        "{rule_id}: {firings} firings, {firings_per_day} a day; right by staff {by_staff[precision]}, by proof "
        "{by_proof[precision]}".format(**rule)
        + (f"; {rule['not_replayed']}" if rule["not_replayed"] else "")
        for rule in found["rules"]
    ]
    return say(args, "\n".join(lines), found)
