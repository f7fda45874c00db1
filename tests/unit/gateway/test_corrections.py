"""A correction withdraws what was told and says what it was, so that sums are right in whatever order rows come."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.readings import ShelfCorrection, ShelfEventKind
from storesense_gateway.batch import FamilyRows
from storesense_gateway.corrections import rows_of
from storesense_gateway.entries import BootKey, Entry, Part
from storesense_gateway.families import FAMILIES

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def correction(no: int = 1, event: ShelfEventKind | None = ShelfEventKind.PICK, units: int = 3) -> ShelfCorrection:
    return ShelfCorrection(
        measured_at=AT,
        slot_id="oats",
        event_no=17,
        correction_no=no,
        told_event=ShelfEventKind.PICK,
        told_units=2,
        told_delta_mg=-1_050_000,
        told_sku="2231",
        event=event,
        units=units,
        delta_mg=-1_050_000 if event else 0,
        confidence=0.97,
        sku="4410" if event else None,
    )


def test_what_was_told_is_taken_off_and_what_it_was_put_in_its_place() -> None:
    withdrawn, instead = rows_of(4, correction())
    assert (withdrawn[0], instead[0]) == (-5, 4), "no two rows of a message have one place"
    assert [(row.event, row.units, row.delta_mg, row.sku, row.is_withdrawn) for _, row in (withdrawn, instead)] == [
        ("pick", -2, 1_050_000, "2231", True),
        ("pick", 3, -1_050_000, "4410", False),
    ]
    assert {(row.measured_at, row.event_no, row.correction_no) for _, row in (withdrawn, instead)} == {(AT, 17, 1)}


def test_an_event_that_was_a_part_of_another_one_leaves_nothing() -> None:
    [(_, row)] = rows_of(0, correction(event=None, units=0))
    assert (row.is_withdrawn, row.units) == (True, -2)


def entry_of(*corrections: ShelfCorrection) -> tuple[Entry, Part]:
    family = FAMILIES[ShelfCorrection]
    part = Part(family, list(range(len(corrections))), list(corrections), ["oats"] * len(corrections))
    entry = Entry(
        boot=BootKey("s", "d", "0" * 32),
        topic="t",
        stream=None,
        seq=5,
        received_us=1,
        sent_at=AT,
        dropped=(),
        parts=[part],
        letters=[],
    )
    return entry, part


def test_the_rows_are_packed_beside_told_events_and_a_refused_one_is_the_whole_correction() -> None:
    entry, part = entry_of(correction(), correction(2, None, 0))
    rows = FamilyRows(part.family)
    rows.add(entry, part, 3, [8, 8])
    assert rows.idxs == [-1, 0, -2]
    assert rows.series_ids == [8, 8, 8]
    packed = rows.pack()
    assert set(packed) == {
        "measured_at",
        "received_at",
        "series_id",
        "boot_no",
        "seq",
        "idx",
        *(column.name for column in part.family.columns),
    }
    letter = rows.letter(2, "refused")
    assert letter.idx == 1
    assert b'"kind":"correction"' in letter.payload


KINDS = st.sampled_from([ShelfEventKind.PICK, ShelfEventKind.PUT_BACK, ShelfEventKind.FOREIGN])
ANSWERS = st.tuples(KINDS, st.integers(0, 9))


@given(st.lists(ANSWERS, min_size=1, max_size=6), st.randoms(use_true_random=False))
@pytest.mark.filterwarnings("error")
def test_however_often_and_in_whatever_order_the_sums_are_those_of_the_last_answer(answers, chance) -> None:
    corrections = [
        ShelfCorrection(
            measured_at=AT,
            slot_id="oats",
            event_no=1,
            correction_no=no,
            told_event=told[0],
            told_units=told[1],
            told_delta_mg=0,
            event=now[0],
            units=now[1],
            confidence=0.97,
        )
        for no, (told, now) in enumerate(pairwise(answers), start=1)
    ]
    rows = [(answers[0][0].value, answers[0][1])]
    rows += [(str(row.event), row.units) for each in corrections for _, row in rows_of(0, each)]
    chance.shuffle(rows)
    sums: Counter[str] = Counter()
    for event, units in rows:
        sums[event] += units
    assert {event: units for event, units in sums.items() if units} == (
        {answers[-1][0].value: answers[-1][1]} if answers[-1][1] else {}
    )
