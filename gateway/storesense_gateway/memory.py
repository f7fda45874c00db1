"""A store in memory that keeps every promise of the port, for tests and trials."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from storesense_contracts.clock import from_epoch_us
from storesense_contracts.messages import DeviceState
from storesense_contracts.readings import AnyReading
from storesense_contracts.spans import Span, unite
from storesense_gateway.batch import Boot, DeclaredGap, SeriesKey, boots_of, missing_series, plan_commit
from storesense_gateway.entries import BootKey, DeadLetter, DeviceKey, Entry, StatusUpdate
from storesense_gateway.port import CommitResult, StoreUnavailableError


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row of a reading table."""

    batch_no: int
    boot: BootKey
    seq: int
    idx: int
    series: SeriesKey
    reading: AnyReading


@dataclass(slots=True)
class StoredDevice:
    """What is known of a device."""

    state: DeviceState = DeviceState.OFFLINE
    state_at: datetime | None = None
    boot_id: str | None = None
    software: str | None = None
    last_seen_at: datetime | None = None


@dataclass
class MemoryStore:
    """Tables as lists and dicts; ``is_down`` makes it refuse, as a database that is gone does."""

    head: int = 0
    is_down: bool = False
    rows: dict[str, list[StoredRow]] = field(default_factory=dict)
    committed: dict[BootKey, list[Span]] = field(default_factory=dict)
    boot_nos: dict[BootKey, int] = field(default_factory=dict)
    series: dict[SeriesKey, int] = field(default_factory=dict)
    gaps: list[DeclaredGap] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    devices: dict[DeviceKey, StoredDevice] = field(default_factory=dict)
    commits: int = 0

    def commit(self, entries: Sequence[Entry], letters: Sequence[DeadLetter]) -> CommitResult:
        """Store a batch once. Raises StoreUnavailableError."""
        self.check()
        for series in missing_series(entries, self.series):
            self.series[series] = len(self.series) + 1
        boots: dict[BootKey, Boot] = {}
        for key in boots_of(entries):
            self.boot_nos.setdefault(key, len(self.boot_nos) + 1)
            boots[key] = Boot(self.boot_nos[key], list(self.committed.setdefault(key, [])))
        plan = plan_commit(entries, boots, self.series, letters)
        if plan.is_empty:
            return CommitResult(batch_no=None, repeated=plan.repeated)
        self.head += 1
        self.commits += 1
        names = {number: key for key, number in self.series.items()}
        for table, rows in plan.rows.items():
            rows.pack()
            place = 0
            for entry, end in zip(rows.entries, rows.ends, strict=True):
                for row in range(place, end):
                    self.rows.setdefault(table, []).append(
                        StoredRow(
                            self.head,
                            entry.boot,
                            entry.seq,
                            rows.idxs[row],
                            names[rows.series_ids[row]],
                            rows.readings[row],
                        )
                    )
                place = end
        for key, boot in boots.items():
            self.committed[key] = unite(boot.committed, plan.new_spans.get(boot.boot_no, ()))
        self.gaps += plan.gaps
        self.letters += plan.letters
        return CommitResult(
            batch_no=self.head,
            committed=plan.committed,
            repeated=plan.repeated,
            readings=plan.readings_by_table(),
            letters=Counter(letter.stage for letter in plan.letters),
            dropped=plan.dropped_by_reason(),
        )

    def put_statuses(self, updates: Sequence[StatusUpdate]) -> int:
        """Keep what devices say of themselves. Raises StoreUnavailableError."""
        self.check()
        changed = 0
        for update in updates:
            device = self.devices.setdefault(update.device, StoredDevice())
            is_stale = (
                update.state is DeviceState.OFFLINE
                and device.state is DeviceState.ONLINE
                and device.boot_id != update.boot_id
            )
            is_same = (device.state, device.boot_id) == (update.state, update.boot_id) and (
                update.software in (None, device.software)
            )
            if is_stale or is_same:
                continue
            changed += 1
            device.state, device.boot_id = update.state, update.boot_id
            device.state_at = from_epoch_us(update.received_us)
            device.software = update.software or device.software
        return changed

    def touch_devices(self, seen: Mapping[DeviceKey, datetime]) -> None:
        """Note when devices were last heard of. Raises StoreUnavailableError."""
        self.check()
        for key, seen_at in seen.items():
            device = self.devices.setdefault(key, StoredDevice())
            device.last_seen_at = max(device.last_seen_at or seen_at, seen_at)

    def check(self) -> None:
        """Raise StoreUnavailableError while ``is_down``."""
        if self.is_down:
            raise StoreUnavailableError(reason="it was told to be down")

    def close(self) -> None:
        """Keep everything, for whoever wants to look."""
