"""Claimed deliveries as messages that are ready to go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storesense_backend.alerts import wording as alert_wording
from storesense_backend.alerts.values import SEVERITIES
from storesense_backend.database import Connection
from storesense_backend.notify.records import read_notices, read_standing, read_ways
from storesense_backend.notify.routing import ALERT_OVER, CALLS, MACHINES
from storesense_backend.notify.sealing import secrets_of
from storesense_backend.notify.senders.port import Parcel, Way
from storesense_backend.notify.vault import Vault, VaultError
from storesense_backend.notify.wording import Notice, payload_of, text_of, trial_payload, trial_text
from storesense_contracts.errors import MissingPartError

_MOST_STANDING = 100


@dataclass(frozen=True, slots=True)
class Ready:
    """A message and the deliveries that it makes.

    Attributes:
        delivery_ids: those that go.
        attempts: the most that one of them has had, this one included.
        created_at: of the oldest.
        skipped: those that do not go, with the reason.
        problem: why the channel cannot be used now.
    """

    kind: str
    way: Way
    parcel: Parcel | None
    delivery_ids: tuple[int, ...]
    attempts: int
    created_at: datetime
    skipped: tuple[int, ...] = ()
    skip_reason: str = ALERT_OVER
    problem: str | None = None


async def make_ready(
    connection: Connection, groups: Sequence[Sequence[dict[str, Any]]], now: datetime, *, vault: Vault
) -> list[Ready]:
    """Make a message of each group of claimed deliveries; a group is of one channel."""
    rows = [row for group in groups for row in group]
    ways = await read_ways(connection, sorted({row["channel_id"] for row in rows}))
    wanted = [row["notification_id"] for row in rows if row["notification_id"] is not None]
    notices = await read_notices(connection, wanted) if wanted else {}
    made = []
    for group in groups:
        channel = ways.get(group[0]["channel_id"])
        if channel is not None:
            made.append(await _one(connection, channel, group, notices, now, vault))
    return made


async def _one(
    connection: Connection,
    channel: dict[str, Any],
    group: Sequence[dict[str, Any]],
    notices: dict[int, dict[str, Any]],
    now: datetime,
    vault: Vault,
) -> Ready:
    kind, language = channel["kind"], channel["language"]
    secrets: dict[str, Any] = {}
    problem = None
    try:
        secrets = secrets_of(channel, vault)
    except (VaultError, MissingPartError) as exc:
        problem = str(exc)
    way = Way(
        channel_id=channel["channel_id"],
        store_id=channel["store_id"],
        version=channel["version"],
        config=channel["config"],
        secrets=secrets,
    )
    going: list[dict[str, Any]] = []
    skipped: list[dict[str, Any]] = []
    for row in group:
        found = notices.get(row["notification_id"] or 0)
        is_stale = found is not None and found["is_over"] and row["event"] in CALLS and kind not in MACHINES
        (skipped if is_stale else going).append(row)
    ids = tuple(row["delivery_id"] for row in going)
    attempts = max(row["attempts"] for row in group)
    created_at = min(row["created_at"] for row in group)
    parcel = None
    if going:
        told = [
            Notice(row["key"], row["event"], found["occurrence"], found["created_at"], found["alert"])
            for row in going
            if (found := notices.get(row["notification_id"] or 0)) is not None
        ]
        store_name = next((found["store_name"] for found in notices.values()), channel["store_id"])
        key = going[0]["parcel"]
        if told:
            standing = await _standing(connection, way.store_id, told, language) if kind == "mqtt" else None
            parcel = Parcel(
                key=key,
                payload=payload_of(key, told, language, now),
                text=text_of(told, language, store_name),
                severity=max((notice.alert["severity"] for notice in told), key=SEVERITIES.index),
                sent_at=now,
                notices=told,
                standing=standing,
            )
        else:
            text = trial_text(language, channel["name"])
            parcel = Parcel(key=key, payload=trial_payload(key, text, now), text=text, severity="info", sent_at=now)
    left = tuple(row["delivery_id"] for row in skipped)
    return Ready(kind, way, parcel, ids, attempts, created_at, left, problem=problem)


async def _standing(
    connection: Connection, store_id: str, told: Sequence[Notice], language: str
) -> dict[str, list[dict[str, Any]]]:
    sections: dict[str, list[dict[str, Any]]] = {notice.alert["section_id"]: [] for notice in told}
    for row in await read_standing(connection, store_id, list(sections)):
        listed = sections[row["section_id"]]
        if len(listed) < _MOST_STANDING:
            kind, details, messages = row["kind"], row["details"], row["messages"]
            listed.append(
                {name: row[name] for name in ("alert_id", "kind", "subject_id", "severity", "state", "opened_at")}
                | {
                    "title": alert_wording.title(kind, details, language, messages),
                    "action": alert_wording.action(kind, details, language, messages),
                }
            )
    return sections
