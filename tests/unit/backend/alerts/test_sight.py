from datetime import UTC, datetime, timedelta

import pytest

from storesense_backend.alerts.sight import Sight
from storesense_backend.alerts.values import HealthObservation, QueueObservation, SubjectKey

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TILLS: SubjectKey = ("store-1", "queue", "tills")
CAMERA: SubjectKey = ("store-1", "device", "edge-1")


def length(at: datetime, *, late_s: float = 0.0) -> QueueObservation:
    return QueueObservation(measured_at=at, received_at=at + timedelta(seconds=late_s), length=1, longest_wait_s=0.0)


def health(state: str, *affected: str, component_id: str = "camera-1") -> HealthObservation:
    return HealthObservation(
        measured_at=NOON,
        received_at=NOON,
        component_id=component_id,
        state=state,
        cause="dark",
        reason="The picture is dark.",
        affected=affected,
    )


def test_what_a_failing_camera_names_is_doubted_until_it_is_well() -> None:
    sight = Sight()
    sight.note(CAMERA, [health("degraded", "queue/tills", "zone/fruit", "heatmap/floor")], 60.0)
    assert sight.doubted() == {
        TILLS: "The picture is dark.",
        ("store-1", "zone", "fruit"): "The picture is dark.",
    }
    sight.note(CAMERA, [health("ok", component_id="camera-2")], 60.0)
    assert TILLS in sight.doubted(), "another camera of the device says nothing of this one"
    sight.note(CAMERA, [health("ok")], 60.0)
    assert sight.doubted() == {}


def test_a_subject_that_two_cameras_doubt_stays_doubted_until_both_are_well() -> None:
    sight = Sight()
    for camera in ("camera-1", "camera-2"):
        sight.note(CAMERA, [health("failed", "queue/tills", component_id=camera)], 60.0)
    sight.note(CAMERA, [health("ok")], 60.0)
    assert TILLS in sight.doubted()


def test_quality_is_the_share_of_whole_minutes_that_were_measured_in_time() -> None:
    sight = Sight()
    sight.expect(TILLS, NOON)
    for minute in range(9):
        late_s = 90.0 if minute in {2, 3} else 0.0
        sight.note(TILLS, [length(NOON + timedelta(minutes=minute), late_s=late_s)], 60.0)
    assert sight.quality(TILLS, NOON + timedelta(minutes=2)) is None, "two minutes say nothing"
    assert sight.quality(TILLS, NOON + timedelta(minutes=8)) == pytest.approx(6 / 8)
    assert sight.quality(TILLS, NOON + timedelta(minutes=12)) == pytest.approx(7 / 12), "the last minutes are missing"
    assert sight.quality(TILLS, NOON + timedelta(minutes=40)) == 0.0


def test_a_forgotten_store_is_neither_expected_nor_doubted() -> None:
    sight = Sight()
    sight.expect(TILLS, NOON)
    sight.expect(("store-2", "queue", "tills"), NOON)
    sight.note(CAMERA, [health("failed", "queue/tills")], 60.0)
    sight.forget_store("store-1")
    assert sight.subjects() == [("store-2", "queue", "tills")]
    assert sight.doubted() == {}
