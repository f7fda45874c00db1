"""The truth's canonical form."""

import hashlib
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_simulators.twin.truth import (
    TruthCounters,
    TruthEvent,
    TruthKind,
    TruthWriter,
    truth_line,
)

EVENTS = st.builds(
    TruthEvent,
    t_ms=st.integers(0, 2**53),
    kind=st.sampled_from(TruthKind),
    subject_id=st.text(max_size=12),
    person_no=st.none() | st.integers(1, 10**8),
    is_staff=st.booleans(),
    units=st.integers(0, 1_000),
    level_units=st.none() | st.integers(0, 1_000),
    mass_mg=st.integers(0, 10**9),
    wait_ms=st.none() | st.integers(0, 10**8),
)


@given(EVENTS)
def test_what_is_written_is_read_again_and_written_the_same(event: TruthEvent) -> None:
    line = truth_line(event)
    read = msgspec.json.decode(line, type=TruthEvent)
    assert read == event
    assert truth_line(read) == line
    assert line.count(b"\n") == 1


def test_the_canonical_form_sorts_keys_and_leaves_defaults_out() -> None:
    event = TruthEvent(t_ms=1_250, kind=TruthKind.PICKED, subject_id="milk-1", units=2, level_units=0, person_no=3)
    assert truth_line(event) == (
        b'{"kind":"picked","level_units":0,"person_no":3,"subject_id":"milk-1","t_ms":1250,"units":2}\n'
    )


def test_the_hash_is_that_of_the_file() -> None:
    out = io.BytesIO()
    writer = TruthWriter(out)
    writer.write([TruthEvent(t_ms=1, kind=TruthKind.ARRIVED)])
    writer.write([])
    writer.write([TruthEvent(t_ms=2, kind=TruthKind.LEFT), TruthEvent(t_ms=2, kind=TruthKind.LEFT)])
    assert writer.events == 3
    assert writer.sha256 == hashlib.sha256(out.getvalue()).hexdigest()


@pytest.mark.parametrize(
    ("is_staff", "expected"),
    [(None, 3), (False, 2), (True, 1)],  # anybody, visitors, staff
)
def test_counters_keep_staff_apart(is_staff: bool | None, expected: int) -> None:
    counters = TruthCounters()
    counters.add(
        TruthEvent(t_ms=0, kind=TruthKind.CROSSED_IN, subject_id="door", is_staff=staff)
        for staff in (False, True, False)
    )
    assert counters.count(TruthKind.CROSSED_IN, "door", is_staff=is_staff) == expected
    assert counters.as_dict()["crossed_in"] == 3
