"""What devices did, by their own notes, against what the database says of it."""

import errno
import os
from collections import Counter
from pathlib import Path

import pytest

from storesense_contracts.device_commands import CommandArguments
from storesense_edge.command_runner import CommandRefusedError
from storesense_simulators.chaos.commands import Asked, audit_commands, slot_of
from storesense_simulators.chaos.done_file import DoneFile, load_done

ID = "a" * 32
DONE = Counter({slot_of(ID): 1})


@pytest.mark.parametrize(
    ("outcome", "done", "twice", "unanswered", "untrue"),
    [
        pytest.param("done", 1, 0, 0, 0, id="done and said so"),
        pytest.param("failed", 1, 0, 0, 0, id="the device died before it could say that it was done"),
        pytest.param("failed", 0, 0, 0, 0, id="the device died before it did it"),
        pytest.param("expired", 0, 0, 0, 0, id="too late, and not done"),
        pytest.param(None, 0, 0, 0, 0, id="never heard"),
        pytest.param("done", 2, 1, 0, 0, id="done twice"),
        pytest.param(None, 1, 0, 1, 0, id="done, and the answer is lost"),
        pytest.param("done", 0, 0, 0, 1, id="said to be done and not done"),
        pytest.param("refused", 1, 0, 0, 1, id="said to be refused and done"),
        pytest.param("expired", 1, 0, 0, 1, id="said to be too late and done"),
    ],
)
def test_deed_and_answer_belong_together(
    outcome: str | None, done: int, twice: int, unanswered: int, untrue: int
) -> None:
    result = audit_commands([Asked(ID, outcome)], Counter({slot_of(ID): done} if done else {}))
    assert (result.twice, result.unanswered, result.untrue) == (twice, unanswered, untrue)
    assert (result.asked, result.done) == (1, min(done, 1))
    assert result.outcomes == {outcome or "open": 1}


def test_a_deed_that_nobody_asked_for_is_one_too_many() -> None:
    assert audit_commands([], DONE).twice == 1


async def test_a_deed_is_its_note(tmp_path: Path) -> None:
    starts = [tmp_path / "1.txt", tmp_path / "2.txt"]
    for start in starts:
        assert await DoneFile(start).do(CommandArguments(slot_id=slot_of(ID))) == "Noted."
    assert load_done(starts) == Counter({slot_of(ID): 2})


@pytest.mark.parametrize("taken", [pytest.param(7, id="in part"), pytest.param(None, id="not at all")])
async def test_a_full_disk_refuses_the_deed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int | None) -> None:
    truly_write = os.write

    def write(fd: int, data: bytes) -> int:
        if taken is None:
            raise OSError(errno.EFBIG, "full")
        return truly_write(fd, data[:taken])

    done = DoneFile(tmp_path / "1.txt")
    monkeypatch.setattr(os, "write", write)
    with pytest.raises(CommandRefusedError):
        await done.do(CommandArguments(slot_id=slot_of(ID)))
    monkeypatch.undo()
    await done.do(CommandArguments(slot_id=slot_of("b" * 32)))
    assert load_done([tmp_path / "1.txt"])[slot_of(ID)] == 0
    assert load_done([tmp_path / "1.txt"])[slot_of("b" * 32)] == 1
