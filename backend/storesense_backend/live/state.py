"""What is now the case in one store, built up from readings. No I/O."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from storesense_backend.live.waits import NextWaits
from storesense_backend.local_days import LocalDay, local_day

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from storesense_backend.live.waits import Lately
    from storesense_contracts.layout import StoreLayout

Item = dict[str, Any]
Changes = dict[str, dict[str, Item]]
"""Changed items by family and id."""

ID_FIELDS: Mapping[str, str] = {
    "footfall": "line_id",
    "zones": "zone_id",
    "queues": "queue_id",
    "lanes": "lane_id",
    "slots": "slot_id",
    "environment": "sensor_id",
    "devices": "device_id",
}
"""The families of a snapshot, and what their items are merged by."""
LATEST_FAMILIES = ("zones", "queues", "lanes", "slots", "environment")
"""Families in which the newest reading of a subject replaces the one before."""
RESOLVED_SHOWN = timedelta(minutes=10)
MAX_EARLY_COUNTS = 10_000
MAX_SUBJECTS = 2_000
"""Of one family, beyond which only those are taken that the layout names: a device can make up any number of ids."""


class StoreState:
    """The live state of one store.

    Counts are summed over the store's local day. A count that is measured after midnight by a clock ahead of ours waits
    until the day turns.
    """

    def __init__(self, layout: "StoreLayout", layout_version: int, now: datetime) -> None:
        self.store_id: str = layout.id
        self.layout = layout
        self.layout_version = layout_version
        self._zone: ZoneInfo = layout.zone_info
        self._lines = [line.id for line in layout.lines]
        self._named = {
            "footfall": frozenset(self._lines),
            "zones": frozenset(zone.id for zone in layout.customer_zones),
            "queues": frozenset(queue.id for queue in layout.queues),
            "lanes": frozenset(lane.id for lane in layout.lanes),
            "slots": frozenset(slot.id for slot in layout.slots),
            "environment": frozenset(sensor.id for sensor in layout.environment_sensors),
        }
        self._day = local_day(now, self._zone)
        self._items: dict[str, dict[str, Item]] = {family: {} for family in ID_FIELDS}
        self._alerts: dict[int, Item] = {}
        self._early: list[tuple[str, datetime, int, int]] = []
        self._waits = NextWaits(layout)
        self._reset_counts()

    @property
    def day(self) -> LocalDay:
        """The local day that counts are of."""
        return self._day

    def _reset_counts(self) -> None:
        lines = {*self._lines, *self._items["footfall"]}
        self._items["footfall"] = {
            line_id: {"line_id": line_id, "in_count": 0, "out_count": 0, "measured_at": None} for line_id in lines
        }

    def turn_day(self, now: datetime) -> Changes:
        """Begin a new local day if it is time; return what that changes."""
        if now < self._day.ends_at:
            return {}
        self._day = local_day(now, self._zone)
        self._reset_counts()
        early, self._early = self._early, []
        for line_id, measured_at, in_count, out_count in early:
            self.count(line_id, measured_at, in_count, out_count)
        return {"footfall": dict(self._items["footfall"])}

    def count(self, line_id: str, measured_at: datetime, in_count: int, out_count: int) -> Item | None:
        """Add people who crossed a line; return its new item, or None if the count is of another day or not taken."""
        if measured_at < self._day.starts_at:
            return None
        if measured_at >= self._day.ends_at:
            if len(self._early) < MAX_EARLY_COUNTS:
                self._early.append((line_id, measured_at, in_count, out_count))
            return None
        old = self._items["footfall"].get(line_id)
        if old is None and self._is_crowded("footfall", line_id):
            return None
        item = {
            "line_id": line_id,
            "in_count": in_count + (old["in_count"] if old else 0),
            "out_count": out_count + (old["out_count"] if old else 0),
            "measured_at": max(measured_at, (old and old["measured_at"]) or measured_at),
        }
        self._items["footfall"][line_id] = item
        return item

    def put_latest(self, family: str, item: Item) -> bool:
        """Take the newest reading of a subject; False if a newer one is known, or there are too many subjects.

        A queue's item gets the wait of whoever joins now as its ``next_wait``.
        """
        key = item[ID_FIELDS[family]]
        old = self._items[family].get(key)
        if old is None and self._is_crowded(family, key):
            return False
        if old is not None and old["measured_at"] > item["measured_at"]:
            return False
        if family == "queues":
            item["next_wait"] = self._waits.of(item, self._items["lanes"])
        self._items[family][key] = item
        return old != item

    def put_services(self, lately: "Lately") -> dict[str, Item]:
        """Take what was served lately; return the queues whose next wait that changes."""
        self._waits.learn(lately)
        queues, lanes = self._items["queues"], self._items["lanes"]
        fresh = {key: queue | {"next_wait": self._waits.of(queue, lanes)} for key, queue in queues.items()}
        changed = {key: queue for key, queue in fresh.items() if queue != queues[key]}
        queues.update(changed)
        return changed

    def _is_crowded(self, family: str, key: str) -> bool:
        return len(self._items[family]) >= MAX_SUBJECTS and key not in self._named[family]

    def put_devices(self, devices: Iterable[Item]) -> dict[str, Item] | None:
        """Replace the devices; return those that changed, or None if one is gone, which no merging by id can tell."""
        fresh = {device["device_id"]: device for device in devices}
        old, self._items["devices"] = self._items["devices"], fresh
        if not old.keys() <= fresh.keys():
            return None
        return {key: item for key, item in fresh.items() if old.get(key) != item}

    def put_alerts(self, alerts: Iterable[Item]) -> list[Item]:
        """Take alerts as they now are; return those that changed."""
        changed = [alert for alert in alerts if self._alerts.get(alert["alert_id"]) != alert]
        self._alerts |= {alert["alert_id"]: alert for alert in changed}
        return changed

    def forget_old_alerts(self, now: datetime) -> None:
        """Let go of alerts that ended long enough ago."""
        self._alerts = {
            alert_id: alert
            for alert_id, alert in self._alerts.items()
            if (over_at := alert["resolved_at"] or alert.get("dismissed_at")) is None or now - over_at < RESOLVED_SHOWN
        }

    def snapshot(self, now: datetime) -> dict[str, Any]:
        """Return everything that is now the case, as the API tells it."""
        self.forget_old_alerts(now)
        families = {family: [items[key] for key in sorted(items)] for family, items in self._items.items()}
        return {
            "store_id": self.store_id,
            "at": now,
            "day_started_at": self._day.starts_at,
            "layout_version": self.layout_version,
            **families,
            "alerts": [self._alerts[alert_id] for alert_id in sorted(self._alerts, reverse=True)],
        }
