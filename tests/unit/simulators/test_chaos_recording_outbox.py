"""What is on disk is noted before it can be sent, and nothing else is."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storesense_contracts.ids import BootId
from storesense_contracts.topics import Stream
from storesense_edge.outbox import Outbox
from storesense_edge.outbox_errors import OutboxWriteError
from storesense_edge.outbox_message import OutboxChanges, OutboxLimits, OutboxMessage, message_no
from storesense_simulators.chaos.recording_outbox import RecordingOutbox, SentFile, load_sent, rows_of

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
FIRST, SECOND = BootId("a" * 32), BootId("b" * 32)


def recording(folder: Path, name: str) -> RecordingOutbox:
    sent = SentFile(folder / name, store_id="store-1", device_id="device-1")
    return RecordingOutbox(folder / "outbox.db", OutboxLimits(), sent=sent)


def message(boot_no: int, seq: int, readings: bytes = b'[{"a":1},{"a":2}]') -> OutboxMessage:
    return OutboxMessage(message_no(boot_no, seq), FIRST, Stream.FOOTFALL, readings, NOW_AT)


def noted(folder: Path) -> list[tuple[str, int, int]]:
    return [(line.boot_id, line.seq, line.readings) for line in load_sent(sorted(folder.glob("*.jsonl")))]


def test_a_commit_is_noted_with_its_boot_seq_and_number_of_readings(tmp_path: Path) -> None:
    outbox = recording(tmp_path, "1.jsonl")
    boot_no = outbox.open(FIRST, NOW_AT).boot_no
    outbox.apply(OutboxChanges(messages=[message(boot_no, 0), message(boot_no, 1, b"[1,2,3]")]), NOW_AT)
    outbox.close()
    assert noted(tmp_path) == [(FIRST, 0, 2), (FIRST, 1, 3)]


def test_what_a_killed_process_wrote_and_did_not_note_is_noted_at_the_next_start(tmp_path: Path) -> None:
    outbox = recording(tmp_path, "1.jsonl")
    boot_no = outbox.open(FIRST, NOW_AT).boot_no
    outbox.apply(OutboxChanges(messages=[message(boot_no, 0)]), NOW_AT)
    Outbox.apply(outbox, OutboxChanges(messages=[message(boot_no, 1)]), NOW_AT)  # killed before its line
    outbox.close()
    assert noted(tmp_path) == [(FIRST, 0, 2)]
    again = recording(tmp_path, "2.jsonl")
    again.open(SECOND, NOW_AT)
    again.close()
    assert noted(tmp_path) == [(FIRST, 0, 2), (FIRST, 1, 2)]


def test_a_disk_that_fills_between_commit_and_line_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk filled just after a commit ended the account, and with it the outbox's thread for good."""
    truly_write, answers = os.write, [5, errno.EFBIG, errno.ENOSPC, None]

    def write(fd: int, data: bytes) -> int:
        answer = answers.pop(0)
        if answer in (errno.EFBIG, errno.ENOSPC):
            raise OSError(answer, os.strerror(answer))
        return truly_write(fd, data[:answer])

    outbox = recording(tmp_path, "1.jsonl")
    boot_no = outbox.open(FIRST, NOW_AT).boot_no
    monkeypatch.setattr(os, "write", write)
    outbox.apply(OutboxChanges(messages=[message(boot_no, 0), message(boot_no, 1)]), NOW_AT)
    monkeypatch.undo()
    outbox.close()
    assert answers == []
    assert noted(tmp_path) == [(FIRST, 0, 2), (FIRST, 1, 2)]


def test_what_the_disk_refuses_is_not_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OutboxWriteError(path=tmp_path, cause="is full", remedy="make room")

    outbox = recording(tmp_path, "1.jsonl")
    boot_no = outbox.open(FIRST, NOW_AT).boot_no
    monkeypatch.setattr(Outbox, "apply", full)
    with pytest.raises(OutboxWriteError):
        outbox.apply(OutboxChanges(messages=[message(boot_no, 0)]), NOW_AT)
    outbox.close()
    assert noted(tmp_path) == []


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    outbox = recording(tmp_path, "1.jsonl")
    boot_no = outbox.open(FIRST, NOW_AT).boot_no
    outbox.apply(OutboxChanges(messages=[message(boot_no, 0), message(boot_no, 1)]), NOW_AT)
    outbox.close()
    path = tmp_path / "1.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert noted(tmp_path) == [(FIRST, 0, 2)]


@pytest.mark.parametrize(
    ("stream", "readings", "rows"),
    [
        pytest.param(Stream.FOOTFALL, b'[{"kind":"correction"}]', None, id="of another stream"),
        pytest.param(Stream.SHELF, b'[{"kind":"weight"},{"kind":"event","event":"pick"}]', None, id="no correction"),
        pytest.param(
            Stream.SHELF,
            b'[{"kind":"weight"},{"kind":"correction","event":"pick"},{"kind":"correction","units":0}]',
            (0, -2, 1, -3),
            id="one with another event in its place, one with nothing",
        ),
    ],
)
def test_a_correction_becomes_one_row_or_two(stream: Stream, readings: bytes, rows: tuple[int, ...] | None) -> None:
    assert rows_of(stream, readings) == rows
