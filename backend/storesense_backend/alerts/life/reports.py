"""What people report because no sensor sees it (a spill, a complaint): it opens an alert like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from storesense_backend.alerts.life import records
from storesense_backend.alerts.life.alert import STAFF_REPORT, Actor, Details, Happened, Life, State, patience_of
from storesense_backend.alerts.life.timing import begun
from storesense_backend.database import Connection
from storesense_backend.errors import InvalidError
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rule_frame import Escalation, Severity

What = Literal[
    "spill",
    "broken_goods",
    "empty_spot",
    "wrong_price",
    "blocked_way",
    "out_of_order",
    "needs_help",
    "complaint",
    "danger",
    "other",
]
"""What can be reported."""
WHATS: tuple[What, ...] = get_args(What)
PlaceKind = Literal["section", "zone", "slot", "queue", "lane"]

ESCALATION = Escalation(remind_every_s=600.0, escalate_after_s=1800.0, escalate_to="manager")
"""Nobody writes a rule for reports, so they have this one's patience."""

_SEVERITY: Mapping[What, Severity] = {"danger": "critical", "spill": "warning", "needs_help": "warning"}
_EACH_ITS_OWN = frozenset({"complaint", "needs_help", "other"})


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody saw.

    Attributes:
        what: of the list.
        place_kind: what ``place_id`` names; None for the store as a whole.
        note: what else is to be said.
        severity: instead of what is usual for it.
    """

    what: What
    place_kind: PlaceKind | None = None
    place_id: str | None = None
    note: str | None = None
    severity: Severity | None = None


def place(layout: StoreLayout, report: Report) -> tuple[str, str]:
    """Return the name of a report's place and the section whose staff it concerns.

    Raises:
        InvalidError: the store has no such place.
    """
    first = layout.sections[0].id
    if report.place_kind is None:
        return layout.name, first
    places: Mapping[str, Mapping[str, tuple[str, str]]] = {
        "section": {each.id: (each.name, each.id) for each in layout.sections},
        "zone": {each.id: (each.name, first) for each in layout.zones},
        "slot": {each.id: (each.name, each.section) for each in layout.slots},
        "queue": {each.id: (each.name, each.section) for each in layout.queues},
        "lane": {each.id: (each.name, first) for each in layout.lanes},
    }
    found = places[report.place_kind].get(report.place_id or "")
    if found is None:
        raise InvalidError(f"the store has no {report.place_kind} {report.place_id!r}", field="place_id")
    if report.place_kind == "lane":
        for queue in layout.queues:
            if report.place_id in queue.lanes:
                return found[0], queue.section
    return found


async def report(
    connection: Connection,
    layout: StoreLayout,
    seen: Report,
    *,
    actor: Actor,
    now: datetime,
    action_key: str | None = None,
) -> int:
    """Open an alert for what somebody saw, once however often it is sent with the same key.

    What was reported already at the same place, and stands, gets an entry in its history instead; complaints and calls
    for help are each their own.

    Returns:
        The alert's id.
    """
    name, section_id = place(layout, seen)
    details: Details = {
        "what": seen.what,
        "note": seen.note,
        "reported_by": actor.name,
        "place_kind": seen.place_kind,
        "place_id": seen.place_id,
        "subject_name": name,
        "section_name": next(each.name for each in layout.sections if each.id == section_id),
    }
    where = "store" if seen.place_kind is None else f"{seen.place_kind}/{seen.place_id}"
    own = f"/{now.timestamp():.6f}" if seen.what in _EACH_ITS_OWN else ""
    life = begun(
        Life(
            kind=STAFF_REPORT,
            state=State.OPEN,
            opened_at=now,
            patience=patience_of(ESCALATION.model_dump()),
        )
    )
    values: dict[str, Any] = {
        "store_id": layout.id,
        "rule_id": "staff-report",
        "kind": STAFF_REPORT,
        "subject_id": f"{seen.what}/{where}{own}",
        "section_id": section_id,
        "severity": seen.severity or _SEVERITY.get(seen.what, "info"),
        "now": now,
        "escalation": ESCALATION.model_dump(),
        "remind_due_at": life.remind_due_at,
        "escalate_due_at": life.escalate_due_at,
    }
    async with connection.transaction():
        done = await records.done_before(
            connection, actor=actor.name, action_key=action_key, kinds=("opened", "reported_again")
        )
        if done is not None:
            if done["store_id"] != layout.id:
                raise records.key_reused(str(action_key))
            return int(done["alert_id"])
        alert_id, is_new = await records.open_report(connection, values, details)
        happened = Happened("opened" if is_new else "reported_again", details)
        await records.note(connection, alert_id, happened, actor=actor.name, now=now, action_key=action_key)
        await records.notice(connection, layout.id, alert_id)
    return alert_id
