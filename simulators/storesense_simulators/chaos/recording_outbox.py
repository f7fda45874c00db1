"""An outbox that notes every message once it is on disk, for whoever counts afterwards."""

import errno
import os
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from storesense_contracts.ids import BootId
from storesense_contracts.topics import Stream
from storesense_edge.outbox import Outbox
from storesense_edge.outbox_message import OutboxApplied, OutboxChanges, OutboxLimits, OutboxMessage, OutboxOpened

_ALL = 1 << 62
_CHUNK = 1_000
_FULL = (errno.EFBIG, errno.ENOSPC, errno.EDQUOT)
_RETRY_S = 0.02


class SentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``sent.jsonl``: a message that was on an agent's disk.

    Attributes:
        store_id: its store.
        device_id: its device.
        boot_id: its process start.
        seq: its number in that.
        stream: what it tells of.
        readings: how many it holds.
        rows: places in the message of the rows that they become, where these are not one a reading.
        written_s: when it was on disk, by the machine's monotonic clock, in seconds.
    """

    store_id: str
    device_id: str
    boot_id: str
    seq: int
    stream: str
    readings: int
    rows: tuple[int, ...] | None = None
    written_s: float


class _Told(msgspec.Struct, frozen=True):
    """What decides how many rows a reading becomes."""

    kind: str = ""
    event: str | None = None


def rows_of(stream: Stream, readings_json: bytes) -> tuple[int, ...] | None:
    """Return the places of a message's rows; None where each reading becomes one.

    A correction withdraws by a row of its own, from -1 down, and says by another what there was instead, if anything.
    """
    if stream is not Stream.SHELF or b'"correction"' not in readings_json:
        return None
    rows: list[int] = []
    for idx, told in enumerate(msgspec.json.decode(readings_json, type=list[_Told])):
        if told.kind == "correction":
            rows.append(-1 - idx)
        if told.kind != "correction" or told.event is not None:
            rows.append(idx)
    return tuple(rows)


class SentFile:
    """Appends lines, one write a transaction, so that a kill tears none; opened when first written to.

    Args:
        path: the file.
        store_id: the device's store.
        device_id: the device.
    """

    def __init__(self, path: Path, *, store_id: str, device_id: str) -> None:
        self._path = path
        self._store_id = store_id
        self._device_id = device_id
        self._fd = -1

    def note(self, messages: Iterable[OutboxMessage]) -> None:
        """Write a line for each message.

        A disk that fills between the outbox's commit and this must not end the account: what is refused is tried
        again until the disk is free, as nothing may be sent that no line tells of.
        """
        written_s = time.monotonic()
        lines = [
            msgspec.json.encode(
                SentLine(
                    store_id=self._store_id,
                    device_id=self._device_id,
                    boot_id=message.boot_id,
                    seq=message.seq,
                    stream=message.stream.value,
                    readings=len(msgspec.json.decode(message.readings_json, type=list[msgspec.Raw])),
                    rows=rows_of(message.stream, message.readings_json),
                    written_s=written_s,
                )
            )
            for message in messages
        ]
        if not lines:
            return
        if self._fd < 0:
            self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        left = b"\n".join(lines) + b"\n"
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except OSError as exc:
                if exc.errno not in _FULL:
                    raise
                time.sleep(_RETRY_S)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class RecordingOutbox(Outbox):
    """Notes messages between their commit to the disk and the moment from which they may be sent.

    A process that is killed between the two leaves a message on disk without a line; the next start notes everything
    that it finds, before anything of it can be acknowledged and deleted. So no message is ever sent from the disk
    without a line, and no line speaks of one that never was on it. Some come twice: see ``load_sent``.
    """

    def __init__(self, path: Path, limits: OutboxLimits, *, sent: SentFile) -> None:
        super().__init__(path, limits)
        self._sent = sent

    def open(self, boot_id: BootId, now_at: datetime) -> OutboxOpened:
        """See Outbox."""
        opened = super().open(boot_id, now_at)
        after_no = -1
        while messages := self.read(after_no, _ALL, _CHUNK):
            self._sent.note(messages)
            after_no = messages[-1].message_no
        return opened

    def apply(self, changes: OutboxChanges, now_at: datetime) -> OutboxApplied:
        """See Outbox."""
        applied = super().apply(changes, now_at)
        self._sent.note(changes.messages)
        return applied

    def close(self) -> None:
        """See Outbox."""
        super().close()
        self._sent.close()


def load_sent(paths: Sequence[Path]) -> list[SentLine]:
    """Read the lines of all files, each message once. A torn last line is left out."""
    seen: dict[tuple[str, str, str, int], SentLine] = {}
    for path in paths:
        for line in path.read_bytes().split(b"\n"):
            try:
                sent = msgspec.json.decode(line, type=SentLine)
            except msgspec.DecodeError:
                continue
            seen.setdefault((sent.store_id, sent.device_id, sent.boot_id, sent.seq), sent)
    return list(seen.values())
