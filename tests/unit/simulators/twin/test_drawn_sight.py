"""What a simulated camera measures by a drawing, beside what truly happened at the same places."""

from datetime import UTC, datetime

import pytest

from storesense_contracts.readings import FootfallReading, QueueSample, QueueVisit, ZoneReading
from storesense_simulators.twin.drawn_sight import DrawnSight, QueueArea
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.live_config import CameraShapes
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.readings_depth import ReadingSensors
from storesense_simulators.twin.shop import CountingLine
from storesense_simulators.twin.shop_of_site import enlivened
from storesense_simulators.twin.truth import TruthKind

BEGAN_AT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
BEGAN_MS = int(BEGAN_AT.timestamp() * 1000)
CROSSED = (TruthKind.CROSSED_IN, TruthKind.CROSSED_OUT)
VISITED = (TruthKind.ZONE_ENTERED, TruthKind.ZONE_LEFT)


@pytest.fixture(scope="module")
def shop():
    return enlivened(load_shop("convenience"))


def counted(events, kinds):
    return sorted(
        (event.subject_id, event.kind.value, event.person_no, event.t_ms) for event in events if event.kind in kinds
    )


def test_shapes_drawn_where_the_file_has_them_see_what_the_twin_tells(shop):
    """The same shapes, seen from places alone: every crossing, visit and queue comes out as the twin told it."""
    sight = DrawnSight(
        lines=shop.lines,
        zones=shop.zones,
        queues=tuple(QueueArea(queue.queue_id, queue.lane_ids, queue.polygon) for queue in shop.queues),
    )
    twin = Twin(shop, seed=11, began_at=BEGAN_AT)
    truth, seen = [], []
    for _ in range(4 * 60 * 6):
        events = twin.step()
        truth += events
        seen += sight.observe(twin.people, events, twin.now_ms)
    last = twin.close()
    truth += last
    seen += [*sight.observe(twin.people, last, twin.now_ms), *sight.close(twin.now_ms)]
    crossings = counted(truth, CROSSED)
    assert len(crossings) > 60
    assert counted(seen, CROSSED) == crossings
    visits, told = counted(truth, VISITED), counted(seen, VISITED)
    assert len(visits) > 150
    # The twin knows of a visit by cells of the floor within a step of walking; a body that slides along an edge may
    # be told once more or less.
    assert abs(len(told) - len(visits)) <= 0.02 * len(visits)
    served = [e for e in truth if e.kind is TruthKind.SERVICE_ENDED]
    assert len(served) > 10
    found = [e for e in seen if e.kind is TruthKind.SERVICE_ENDED]
    assert len(found) >= 0.9 * len(served)


def test_a_camera_counts_at_a_moved_line_and_no_more_at_the_old_one(shop):
    twin = Twin(shop, seed=3, began_at=BEGAN_AT)
    sensors = ReadingSensors(shop, twin, seed=3, started_ms=BEGAN_MS)
    door = shop.lines[0]
    camera = sensors._lines[door.line_id].device_id
    far = (shop.size_m[0] + 50.0, 0.0)
    shapes = CameraShapes((CountingLine(door.line_id, far, (far[0], 1.0), True, True),), (), (), {})
    before, after = [], []
    for step in range(4 * 240):
        out = sensors.observe(twin.step())
        if step == 4 * 120:
            out += sensors.redraw(camera, shapes)
        (before if step <= 4 * 120 else after).extend(out)
    assert sum(e.reading.in_count for e in before if isinstance(e.reading, FootfallReading)) > 5
    lines = [e.reading for e in after if isinstance(e.reading, FootfallReading) and e.device_id == camera]
    assert {reading.line_id for reading in lines} == {door.line_id}
    assert sum(reading.in_count + reading.out_count for reading in lines) == 0
    assert not [
        e for e in after if isinstance(e.reading, (ZoneReading, QueueSample, QueueVisit)) and e.device_id == camera
    ]
    # Time is tiled over the change: nothing is left out and nothing is told twice.
    told = [
        e.reading
        for e in before + after
        if isinstance(e.reading, FootfallReading) and e.reading.line_id == door.line_id
    ]
    assert sum(reading.period_ms for reading in told) == 240_000 - 240_000 % 60_000


def test_everybody_is_counted_out_at_the_end_where_they_were_counted_in(shop):
    twin = Twin(shop, seed=5, began_at=BEGAN_AT)
    sensors = ReadingSensors(shop, twin, seed=5, started_ms=BEGAN_MS)
    door = shop.doors[0]
    camera = sensors._lines[door.line_id].device_id
    inward = tuple((b - a) * 0.05 for a, b in zip(door.outside, door.inside, strict=True))
    moved = CountingLine(
        door.line_id,
        (door.a[0] + inward[0], door.a[1] + inward[1]),
        (door.b[0] + inward[0], door.b[1] + inward[1]),
        door.in_is_left,
        True,
    )
    sensors.redraw(camera, CameraShapes((moved,), (), (), {}))
    # Without the sensor's own errors, in and out are the same people.
    sensors._lines[door.line_id].chance = type("Sure", (), {"random": staticmethod(lambda: 0.5)})()
    out = []
    for _ in range(4 * 180):
        out += sensors.observe(twin.step())
    out += [*sensors.observe(twin.close(), is_last=True), *sensors.finish()]
    counts = [e.reading for e in out if isinstance(e.reading, FootfallReading) and e.reading.line_id == door.line_id]
    entered, left = sum(c.in_count for c in counts), sum(c.out_count for c in counts)
    assert entered > 10
    assert entered == left


def test_who_waits_outside_of_the_drawn_area_or_for_another_lane_is_not_in_line(shop):
    queue = shop.queues[0]
    nowhere = QueueArea(queue.queue_id, queue.lane_ids, ((90.0, 90.0), (91.0, 90.0), (91.0, 91.0)))
    others = QueueArea("others", (), queue.polygon)
    sight = DrawnSight(queues=(nowhere, others))
    twin = Twin(shop, seed=8, began_at=BEGAN_AT)
    seen = []
    for _ in range(4 * 240):
        seen += sight.observe(twin.people, twin.step(), twin.now_ms)
    assert {event.subject_id for event in seen if event.kind is TruthKind.QUEUE_JOINED} == {"others"}
    assert not [event for event in seen if event.kind in (TruthKind.CALLED, TruthKind.SERVICE_ENDED)]
    assert [event for event in seen if event.kind is TruthKind.QUEUE_LEFT]
