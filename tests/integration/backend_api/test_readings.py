"""Raw readings, footfall and heat over the API."""

import json
import zlib
from datetime import timedelta

import numpy as np
import pytest

from fixtures.backend_api import BASE, NOW, ROWS, assert_error, get
from storesense_backend.api import measurement_models
from storesense_backend.api.reading_models import Readings
from storesense_backend.measurements import Family
from storesense_contracts.readings import DWELL_EDGES_S


@pytest.mark.parametrize("family", Family)
async def test_raw_readings_come_as_they_were_stored(world, backend, family):
    subject, columns = ROWS[family]
    measured_at = NOW - timedelta(minutes=1)
    kept = {n: json.dumps(value) if n in {"alternatives", "products"} else value for n, value in columns.items()}
    if family is Family.SHELF_EVENTS:
        # Nothing was told anew: what had been told before is in no column of the event itself.
        kept = {name: value for name, value in kept.items() if not name.startswith(("told_", "correction_"))}
    if family is Family.ZONE_DWELLS:
        upto = kept.pop("dwell_le_counts")
        kept |= {f"dwell_le_{edge}s": count for edge, count in zip(DWELL_EDGES_S, upto, strict=True)}
    if family is Family.ZONE_TRANSITIONS:
        kept |= {"from_zone_id": "", "to_zone_id": ""}  # the remainder of ways that too few took
    await world.commit(family, subject, [{"measured_at": measured_at} | kept])
    body = await get(backend, f"{BASE}/readings/{family}")
    Readings.model_validate(body)
    assert body == {
        "readings": [
            {
                "device_id": "cam-1",
                "subject_id": subject,
                "measured_at": "2026-11-20T11:59:30Z",
                "received_at": "2026-11-20T11:59:30.200000Z",
            }
            | columns
        ],
        "next": None,
    }


async def test_pages_of_readings_miss_and_repeat_nothing(world, backend):
    same = NOW - timedelta(minutes=3)
    rows = [{"measured_at": same, "length": n, "longest_wait_ms": 0} for n in range(5)]
    rows += [{"measured_at": NOW - timedelta(seconds=n), "length": 100 - n, "longest_wait_ms": 0} for n in range(1, 9)]
    await world.commit("queue_samples", "tills", rows)
    span = {"from": (NOW - timedelta(hours=1)).isoformat(), "to": NOW.isoformat()}
    found, after = [], {}
    for _ in range(10):
        page = await get(backend, f"{BASE}/readings/queue_samples", limit=3, **span, **after)
        found += page["readings"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [row["length"] for row in found] == [0, 1, 2, 3, 4, 92, 93, 94, 95, 96, 97, 98, 99]


async def test_readings_of_one_subject(world, backend):
    for subject in ("zone-a", "zone-b"):
        await world.commit(
            "zone_visits", subject, [{"measured_at": NOW - timedelta(minutes=1)} | ROWS["zone_visits"][1]]
        )
    body = await get(backend, f"{BASE}/readings/zone_visits", subject_id="zone-b")
    assert [row["subject_id"] for row in body["readings"]] == ["zone-b"]


@pytest.mark.parametrize(
    ("params", "field", "reason"),
    [
        ({"from": "2026-11-20T12:00:00"}, "from", "no offset"),
        ({"to": "1970-01-01T00:00:00Z"}, "to", "absurd"),
        ({"from": "9999-12-31T23:59:59-14:00"}, "from", "no such instant in UTC"),
        ({"from": "2026-11-20T12:00:00Z", "to": "2026-11-20T11:00:00Z"}, "from", "runs backwards"),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-11-20T00:00:00Z"}, "from", "too long"),
        ({"from": "yesterday"}, "from", "no instant"),
    ],
)
@pytest.mark.parametrize("path", ["readings/queue_samples", "footfall", "heatmap", "kpis"])
async def test_spans_of_time_are_bounded(backend, path, params, field, reason):
    assert_error(await backend.get(f"{BASE}/{path}", params=params), 422, "invalid", field)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"after": "garbage!"}, "after"),
        ({"after": "WyIyMDI2LTExLTIwVDEyOjAwOjAwIiwxLDIsM10"}, "after"),
        ({"after": "WyIyMDI2LTExLTIwVDEyOjAwOjAwWiIsOTk5OTk5OTk5OTk5OSwyLDNd"}, "after"),
        ({"subject_id": "a/b"}, "subject_id"),
    ],
)
async def test_pages_are_bounded(backend, params, field):
    assert_error(await backend.get(f"{BASE}/readings/queue_samples", params=params), 422, "invalid", field)


async def test_footfall_by_step(world, backend):
    start = NOW.replace(minute=0, second=0) - timedelta(hours=1)
    rows = [
        {"measured_at": start + timedelta(seconds=20 * n), "period_ms": 1000, "in_count": 1, "out_count": n % 2}
        for n in range(180)
    ]
    await world.commit("footfall_counts", "entrance", rows)
    await world.commit("footfall_counts", "entrance", rows[:3], device_id="cam-2")
    quarters = measurement_models.Footfall.model_validate(await get(backend, f"{BASE}/footfall"))
    assert quarters.step_s == 900
    assert [(p.at, p.in_count) for p in quarters.points] == [
        (start, 48),
        (start + timedelta(minutes=15), 45),
        (start + timedelta(minutes=30), 45),
        (start + timedelta(minutes=45), 45),
    ]
    span = {
        "from": (start + timedelta(minutes=1, seconds=30)).isoformat(),
        "to": (start + timedelta(minutes=3)).isoformat(),
    }
    minutes = await get(backend, f"{BASE}/footfall", step="1m", **span)
    assert minutes["points"] == [
        {"line_id": "entrance", "at": "2026-11-20T11:01:00Z", "in_count": 3, "out_count": 2},
        {"line_id": "entrance", "at": "2026-11-20T11:02:00Z", "in_count": 3, "out_count": 1},
    ]
    month = {"from": (NOW - timedelta(days=30)).isoformat(), "step": "1m"}
    assert_error(await backend.get(f"{BASE}/footfall", params=month), 422, "invalid", "step")


def grid(rows, columns, presence):
    packed = zlib.compress(np.full((rows, columns), presence, dtype="<u2").tobytes())
    return {"rows": rows, "columns": columns, "presence_ds": packed, "period_ms": 60_000}


async def test_heat_of_several_cameras_on_one_floor(world, backend):
    place = {"measured_at": NOW - timedelta(minutes=2), "origin_x_m": 0.0, "origin_y_m": 0.0, "cell_size_m": 0.5}
    await world.commit("heatmap_grids", "ground", [place | grid(12, 20, 10)])
    await world.commit(
        "heatmap_grids", "ground", [place | {"origin_x_m": 9.0, "cell_size_m": 1.0} | grid(1, 1, 80)], device_id="cam-2"
    )
    await world.commit("heatmap_grids", "ground", [place | grid(12, 20, 10) | {"presence_ds": b"broken"}])
    heat = measurement_models.Heatmap.model_validate(await get(backend, f"{BASE}/heatmap"))
    assert (heat.columns, heat.rows, heat.cell_size_m, heat.origin_xy_m) == (20, 12, 0.5, (0.0, 0.0))
    found = np.array(heat.presence_s).reshape(12, 20)
    assert found[:2, 18:].tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert found[2:].tolist() == [[1.0] * 20] * 10
    metrics = (await backend.get("/metrics")).text
    assert "storesense_backend_bad_grids_total 1.0" in metrics
