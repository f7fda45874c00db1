"""What a notification says to people and to machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storesense_backend.alerts import wording
from storesense_backend.notify.routing import CALLS

_ALERT_FIELDS = (
    "alert_id",
    "store_id",
    "rule_id",
    "kind",
    "subject_id",
    "section_id",
    "severity",
    "state",
    "cause_at",
    "opened_at",
    "acknowledged_at",
    "acknowledged_by",
    "taken_at",
    "taken_by",
    "resolved_at",
    "escalated_to",
    "details",
    "proof",
)
_PREFIXES = {
    "en": {
        "worsened": "Worse",
        "reminded": "Still open",
        "escalated": "Escalated to you",
        "resolved": "Done",
        "withdrawn": "No longer",
        "dismissed": "Dismissed",
        "acknowledged": "Acknowledged",
        "in_hand": "Taken",
        "snoozed": "Snoozed",
    },
    "zh-CN": {
        "worsened": "情况加重",
        "reminded": "仍未处理",
        "escalated": "已升级给您",
        "resolved": "已完成",
        "withdrawn": "已撤回",
        "dismissed": "已忽略",
        "acknowledged": "已确认",
        "in_hand": "处理中",
        "snoozed": "已暂停提醒",
    },
}
_DIGEST = {"en": "{count} alerts at {store}", "zh-CN": "{store}:{count} 条提醒"}
_TEST = {
    "en": ("Test of Storesense", "This channel works: {name}"),
    "zh-CN": ("Storesense 测试", "通道正常:{name}"),
}
_SHOWN_IN_DIGEST = 10
_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Notice:
    """One event of one alert, ready to be said.

    Attributes:
        key: the same in every repeat; receivers drop the second by it.
        alert: the alert's row as the database has it.
    """

    key: str
    event: str
    occurrence: int
    happened_at: datetime
    alert: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """What people read."""

    title: str
    body: str


def key_of(alert_id: int, event: str, occurrence: int) -> str:
    """Return a notification's key."""
    return f"{alert_id}:{event}:{occurrence}"


def text_of(notices: Sequence[Notice], language: str, store_name: str) -> Text:
    """Say one notification, or several in one message."""
    if len(notices) == 1:
        return _one(notices[0], language)
    texts = [_one(notice, language) for notice in notices[:_SHOWN_IN_DIGEST]]
    lines = [text.title for text in texts]
    if len(notices) > len(lines):
        lines.append(f"… +{len(notices) - len(lines)}")
    title = _DIGEST.get(language, _DIGEST[_LANGUAGE]).format(count=len(notices), store=store_name)
    return Text(title, "\n".join(lines))


def _one(notice: Notice, language: str) -> Text:
    alert = notice.alert
    title = wording.title(alert["kind"], alert["details"], language, alert["messages"])
    prefix = _PREFIXES.get(language, _PREFIXES[_LANGUAGE]).get(notice.event)
    is_call = notice.event in CALLS
    body = wording.action(alert["kind"], alert["details"], language, alert["messages"]) if is_call else ""
    return Text(f"{prefix}: {title}" if prefix else title, body)


def trial_text(language: str, name: str) -> Text:
    """Say that a channel works."""
    title, body = _TEST.get(language, _TEST[_LANGUAGE])
    return Text(title, body.format(name=name))


def payload_of(key: str, notices: Sequence[Notice], language: str, sent_at: datetime) -> dict[str, Any]:
    """Say one notification, or several in one message, to a machine."""
    told = [_told(notice, language) for notice in notices]
    head = {"version": 1, "key": key, "sent_at": sent_at.isoformat()}
    if len(told) == 1 and told[0]["key"] == key:
        return head | told[0]
    return head | {"event": "digest", "notifications": told}


def trial_payload(key: str, text: Text, sent_at: datetime) -> dict[str, Any]:
    """Say to a machine that its channel works."""
    return {
        "version": 1,
        "key": key,
        "sent_at": sent_at.isoformat(),
        "event": "test",
        "title": text.title,
        "text": text.body,
    }


def _told(notice: Notice, language: str) -> dict[str, Any]:
    alert = {name: _plain(notice.alert[name]) for name in _ALERT_FIELDS}
    text = Notice(notice.key, "opened", 0, notice.happened_at, notice.alert)
    said = _one(text, language)
    return {
        "key": notice.key,
        "event": notice.event,
        "occurrence": notice.occurrence,
        "happened_at": notice.happened_at.isoformat(),
        "alert": alert | {"title": said.title, "action": said.body},
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
