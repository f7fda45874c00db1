"""The audit believes the tables and nobody else."""

from collections import Counter
from collections.abc import Callable

import pytest

from storesense_simulators.chaos.audit import Audit, Found, MessageKey, audit
from storesense_simulators.chaos.recording_outbox import SentLine

BOOT = ("store-1", "device-1", "a" * 32)
KEY = MessageKey(*BOOT, 5)


def line(seq: int = 5, readings: int = 3) -> SentLine:
    return SentLine(
        store_id=BOOT[0],
        device_id=BOOT[1],
        boot_id=BOOT[2],
        seq=seq,
        stream="footfall",
        readings=readings,
        written_s=0.0,
    )


def found(*, committed: bool = True) -> Found:
    return Found(rows={KEY: Counter({0: 1, 1: 1, 2: 1})}, ledger={BOOT: [(5, 6)]} if committed else {})


def without(*indexes: int) -> Found:
    result = found()
    for index in indexes:
        del result.rows[KEY][index]
    return result


def test_a_message_whose_rows_are_all_there_once_is_stored() -> None:
    result = audit([line()], found())
    assert (result.sent, result.stored, result.lost, result.duplicates) == (1, 1, 0, 0)
    assert (result.sent_readings, result.stored_readings, result.ledger_errors) == (3, 3, 0)


def test_one_missing_row_makes_a_message_lost_whatever_the_ledger_says() -> None:
    result = audit([line()], without(1))
    assert (result.stored, result.lost, result.lost_keys) == (0, 1, (KEY,))
    assert result.ledger_errors == 1


def test_a_row_that_stands_twice_is_a_duplicate_also_of_a_message_nobody_noted() -> None:
    twice = found()
    twice.rows[KEY][1] = 3
    assert audit([line()], twice).duplicates == 2
    result = audit([], twice)
    assert (result.duplicates, result.from_memory) == (2, 1)


def dead_reading(each: Found) -> None:
    each.letters[KEY] = {1}


def dead_message(each: Found) -> None:
    each.letters[KEY] = {None}


def another_dead_reading(each: Found) -> None:
    each.letters[KEY] = {2}


@pytest.mark.parametrize(
    ("change", "dead", "lost"),
    [
        pytest.param(dead_reading, 1, 0, id="the missing reading is a dead letter"),
        pytest.param(dead_message, 1, 0, id="the whole message is one"),
        pytest.param(another_dead_reading, 0, 1, id="another reading is one, this one is nowhere"),
    ],
)
def test_a_dead_letter_accounts_for_its_own_reading_alone(
    change: Callable[[Found], None], dead: int, lost: int
) -> None:
    each = without(1)
    change(each)
    result = audit([line()], each)
    assert (result.dead, result.lost, result.dead_letters) == (dead, lost, 1)


def test_what_a_device_declared_dropped_is_dropped_and_not_lost() -> None:
    each = Found(gaps={BOOT: [(5, 6)]}, ledger={BOOT: [(5, 6)]})
    result = audit([line()], each)
    assert (result.dropped, result.lost, result.ledger_errors) == (1, 0, 0)


def test_a_gap_does_not_excuse_a_message_that_came_in_part() -> None:
    each = without(1)
    each.gaps = {BOOT: [(5, 6)]}
    assert audit([line()], each).lost == 1


def test_rows_that_the_ledger_does_not_know_would_be_stored_again_and_are_an_error() -> None:
    assert audit([line()], found(committed=False)).ledger_errors == 1


def test_every_message_has_one_fate() -> None:
    each = without(1)
    lines = [line(seq) for seq in range(5, 9)]
    each.gaps = {BOOT: [(6, 7)]}
    each.letters = {MessageKey(*BOOT, 7): {None}}
    result: Audit = audit(lines, each)
    assert result.stored + result.dead + result.dropped + result.lost == result.sent == 4


def corrected(*rows: int) -> tuple[SentLine, Found]:
    """A weight, a correction that puts another event in the place, and one that puts nothing there; stored as rows."""
    sent = SentLine(
        store_id=BOOT[0],
        device_id=BOOT[1],
        boot_id=BOOT[2],
        seq=5,
        stream="shelf",
        readings=3,
        rows=(0, -2, 1, -3),
        written_s=0.0,
    )
    return sent, Found(rows={KEY: Counter(rows)}, ledger={BOOT: [(5, 6)]})


def test_a_correction_is_stored_when_both_of_its_rows_are() -> None:
    sent, stored = corrected(0, -2, 1, -3)
    result = audit([sent], stored)
    assert (result.stored, result.stored_readings, result.duplicates, result.from_memory) == (1, 3, 0, 0)


@pytest.mark.parametrize(
    ("rows", "lost", "duplicates"),
    [
        pytest.param((0, 1, -3), 1, 0, id="what was told is not withdrawn"),
        pytest.param((0, -2, -3), 1, 0, id="what it was instead is missing"),
        pytest.param((0, -2, 1, 2, -3), 0, 1, id="an event that no correction told"),
        pytest.param((0, -2, -2, 1, -3), 0, 1, id="withdrawn twice"),
    ],
)
def test_half_a_correction_is_lost_and_one_row_too_many_a_duplicate(
    rows: tuple[int, ...], lost: int, duplicates: int
) -> None:
    sent, stored = corrected(*rows)
    result = audit([sent], stored)
    assert (result.lost, result.duplicates) == (lost, duplicates)


def test_a_dead_letter_accounts_for_both_rows_of_its_correction() -> None:
    sent, stored = corrected(0, -3)
    stored.letters[KEY] = {1}
    assert audit([sent], stored).dead == 1
