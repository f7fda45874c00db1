"""The causes that are watched, by whom they are observed, and which of them explain others."""

from collections.abc import Iterable

from storesense_backend.alerts.kinds.catalogue import BLINDED_BY_DEVICE, SILENCED_BY_DEVICE, SUPERSEDED_BY
from storesense_backend.alerts.values import CauseKey, SubjectKey
from storesense_backend.alerts.watches import Watch

_OF_DEVICES = frozenset({"device_frozen", "device_moved", "data_lost", "data_gap", "outbox_filling"})

Group = tuple[CauseKey, ...]
"""Causes that explain another one when all of them are open."""


class Causes:
    """All watches, with their indexes.

    Attributes:
        watches: by cause.
        families: of the observations that concern any.
        explained_by: by cause, the groups that explain it.
        explains: by cause, the causes that it has a part in explaining.
    """

    def __init__(self) -> None:
        self.watches: dict[CauseKey, Watch] = {}
        self.families: frozenset[str] = frozenset()
        self.explained_by: dict[CauseKey, tuple[Group, ...]] = {}
        self.explains: dict[CauseKey, set[CauseKey]] = {}
        self._by_subject: dict[SubjectKey, list[Watch]] = {}
        self._of_store: dict[str, dict[CauseKey, Watch]] = {}
        self._named: dict[str, dict[tuple[str, str], CauseKey]] = {}

    def of_subject(self, subject: SubjectKey) -> list[Watch] | None:
        """Return the watches whom a subject's observations concern; None if there never was any."""
        return self._by_subject.get(subject)

    def add(self, watch: Watch) -> None:
        """Add one watch."""
        self._put(watch)
        self._link_one(watch)

    def _put(self, watch: Watch) -> None:
        self.watches[watch.key] = watch
        self._by_subject.setdefault(watch.observed, []).append(watch)
        self._of_store.setdefault(watch.store_id, {})[watch.key] = watch
        self._named.setdefault(watch.store_id, {})[watch.kind.name, watch.subject_id] = watch.key
        if watch.observed[1] not in self.families:
            self.families |= {watch.observed[1]}

    def replace(self, store_id: str, watches: Iterable[Watch]) -> set[CauseKey]:
        """Replace the watches of one store; return the causes whose rule or subject was edited."""
        before = self._of_store.pop(store_id, {})
        self._named.pop(store_id, None)
        fresh = {watch.key: watch for watch in watches}
        for key, watch in before.items():
            del self.watches[key]
            self._by_subject.pop(watch.observed, None)
            self.explained_by.pop(key, None)
            self.explains.pop(key, None)
        for watch in fresh.values():
            self._put(watch)
        self.link(store_id)
        return {key for key, watch in fresh.items() if before.get(key) not in (None, watch)}

    def link(self, store_id: str) -> None:
        """Find out which causes of a store explain which."""
        for watch in self._of_store.get(store_id, {}).values():
            self._link_one(watch)

    def _link_one(self, watch: Watch) -> None:
        name, known = watch.kind.name, self._named[watch.store_id]
        groups: list[Group] = []
        if name != "store_offline" and (whole := known.get(("store_offline", watch.store_id))):
            groups.append((whole,))
        if (
            name in _OF_DEVICES
            and name != "device_offline"
            and (own := known.get(("device_offline", watch.subject_id)))
        ):
            groups.append((own,))
        devices = watch.devices
        if name == "blind":
            family, _, observed_id = watch.subject_id.partition("/")
            others = self._by_subject.get((watch.store_id, family, observed_id), ())
            devices = frozenset(device for other in others for device in other.devices)
        for cause in BLINDED_BY_DEVICE if name == "blind" else SILENCED_BY_DEVICE:
            group = tuple(known[cause, device] for device in sorted(devices) if (cause, device) in known)
            if devices and len(group) == len(devices):
                groups.append(group)
        stronger = [known.get((each, watch.subject_id)) for each in SUPERSEDED_BY.get(name, ())]
        groups += [(each,) for each in stronger if each is not None]
        if groups:
            self.explained_by[watch.key] = tuple(groups)
            for explaining in {each for group in groups for each in group}:
                self.explains.setdefault(explaining, set()).add(watch.key)
