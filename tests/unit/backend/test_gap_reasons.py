"""Why a minute has no reading: table cases with their reasons, and what must hold whatever the ledger says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.gap_reasons import BootLedger, GapReason, Mark, holes_of, reasons_by_minute

R = GapReason


def marks(*pairs: tuple[int, int]) -> list[Mark]:
    return [Mark(seq, minute) for seq, minute in pairs]


@pytest.mark.parametrize(
    ("boots", "expected"),
    [
        pytest.param([], [R.OFFLINE] * 6, id="nothing was ever heard"),
        pytest.param(
            [BootLedger([(0, 50)], [], marks((0, 0), (10, 1), (20, 2), (30, 3), (40, 4), (49, 5)))],
            [R.UNKNOWN] * 6,
            id="it ran and nothing is missing",
        ),
        pytest.param(
            [BootLedger([(0, 11), (30, 50)], [], marks((0, 0), (10, 1), (30, 3), (40, 4)))],
            [R.UNKNOWN, R.NOT_ARRIVED, R.NOT_ARRIVED, R.NOT_ARRIVED, R.UNKNOWN, R.OFFLINE],
            id="a hole lies between the health readings around it",
        ),
        pytest.param(
            [BootLedger([(0, 50)], [((11, 30), "overflow")], marks((0, 0), (10, 1), (30, 3), (40, 4)))],
            [R.UNKNOWN, R.OVERFLOW, R.OVERFLOW, R.OVERFLOW, R.UNKNOWN, R.OFFLINE],
            id="a declared hole has its reason",
        ),
        pytest.param(
            [BootLedger([(0, 9)], [], marks((0, 0))), BootLedger([(0, 9)], [], marks((0, 5)))],
            [R.UNKNOWN, R.OFFLINE, R.OFFLINE, R.OFFLINE, R.OFFLINE, R.UNKNOWN],
            id="between two whole boots the device was off",
        ),
        pytest.param(
            [BootLedger([(5, 9)], [], marks((5, 3)))],
            [R.OFFLINE, R.OFFLINE, R.OFFLINE, R.NOT_ARRIVED, R.OFFLINE, R.OFFLINE],
            id="how far a hole goes before the first health reading nobody knows",
        ),
        pytest.param(
            [BootLedger([(0, 9)], [((2, 4), "gremlins")], marks((1, 1), (4, 2)))],
            [R.OFFLINE, R.UNKNOWN, R.UNKNOWN, R.OFFLINE, R.OFFLINE, R.OFFLINE],
            id="a reason of a later release",
        ),
    ],
)
def test_reasons(boots: list[BootLedger], expected: list[GapReason]) -> None:
    assert reasons_by_minute(boots, 6) == expected


spans = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 20)), max_size=6)


@given(spans, st.lists(st.tuples(st.integers(0, 220), st.integers(-50, 150)), max_size=20))
def test_every_missing_message_is_in_one_hole(raw: list[tuple[int, int]], health: list[tuple[int, int]]) -> None:
    committed: list[tuple[int, int]] = []
    for first, length in sorted(raw):
        if not committed or first > committed[-1][1]:
            committed.append((first, first + length))
    boot = BootLedger(committed, [], marks(*health))
    missing = (committed[-1][1] - sum(end - first for first, end in committed)) if committed else 0
    assert sum(hole.messages for hole in holes_of(boot)) == missing
    assert len(reasons_by_minute([boot], 60)) == 60
