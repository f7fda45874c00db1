"""Every endpoint over a real database: what it answers, how it refuses, and that the documents say so."""

import asyncio
import json
import pkgutil
import random
import re
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib import import_module

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from fixtures.backend_world import DEVICES, PASSWORD, QUEUE_RULE, STOCK_RULE, STORE, layout, new_world, running_backend
from storesense_backend import api, kpi_steps
from storesense_backend.api import dead_letter_models, measurement_models, models
from storesense_backend.api.opening import Opening
from storesense_backend.api.quality import StoreQuality
from storesense_backend.api.reading_models import Readings
from storesense_backend.measurements import Family
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock
from storesense_contracts.readings import DWELL_EDGES_S
from storesense_gateway.maintenance import connect, maintain
from storesense_gateway.maintenance_settings import MaintenanceSettings

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)
BASE = f"/api/v1/stores/{STORE}"


@pytest.fixture
async def world(database_url):
    async with new_world(database_url) as world:
        yield world


@pytest.fixture
async def backend(world):
    async with running_backend(world.url, clock=ManualClock(NOW)) as (context, http):
        http.headers.update(await world.key(Role.ADMIN))
        http.context = context
        yield http


def assert_error(answer, status, code, field=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = models.ErrorBody.model_validate_json(answer.content)
    assert set(answer.json()) == {"error"}
    assert body.error.code == code, body
    assert body.error.field == field, body
    assert body.error.message


async def get(http, path, **params):
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def minutes_of(world, table, subject, count, columns, **more):
    """One reading at the beginning of each of the last ``count`` whole minutes."""
    start = NOW.replace(second=0) - timedelta(minutes=count)
    await world.commit(
        table, subject, [{"measured_at": start + timedelta(minutes=n)} | columns for n in range(count)], **more
    )


async def test_stores(world, backend):
    await world.insert_alert()
    await world.connection.execute("UPDATE devices SET state = 'online' WHERE device_id = 'cam-1'")
    assert (await get(backend, "/api/v1/stores"))["stores"] == [
        {
            "store_id": STORE,
            "name": "Berlin Mitte",
            "time_zone": "Europe/Berlin",
            "open_alerts": 1,
            "devices_online": 1,
            "devices_total": 3,
        }
    ]
    found = models.Store.model_validate(await get(backend, BASE))
    assert found.layout == layout()
    assert found.layout_version == 1


async def test_putting_a_store_registers_it_and_bumps_the_version_only_with_a_change(backend):
    body = {
        "layout": layout("paris-1").model_dump(mode="json"),
        "devices": [{"device_id": device_id, "kind": kind} for device_id, kind in DEVICES],
        "rules": [QUEUE_RULE, STOCK_RULE],
    }
    for _ in range(2):
        answer = await backend.put("/api/v1/stores/paris-1", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["layout_version"] == 1
    body["layout"]["name"] = "Paris"
    body["devices"] = body["devices"][:1]
    body["rules"] = body["rules"][:1]
    assert (await backend.put("/api/v1/stores/paris-1", json=body)).json()["layout_version"] == 2
    assert (await get(backend, "/api/v1/stores/paris-1"))["name"] == "Paris"
    assert [d["device_id"] for d in (await get(backend, "/api/v1/stores/paris-1/devices"))["devices"]] == ["cam-1"]
    assert [r["rule"]["id"] for r in (await get(backend, "/api/v1/stores/paris-1/rules"))["rules"]] == ["long-queue"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rules": [QUEUE_RULE | {"queues": ["nowhere"]}]}, "rules[0].queues[0]"),
        ({"rules": [QUEUE_RULE, QUEUE_RULE]}, "rules[1].id"),
        ({"rules": [QUEUE_RULE | {"resolve_at_length": 9}]}, "rules[0].queue_too_long"),
        ({"devices": [{"device_id": "a/b", "kind": "camera"}]}, "devices[0].device_id"),
        ({"devices": [{"device_id": "a", "kind": "camera"}] * 2}, "devices"),
        ({"colour": "red"}, "colour"),
        ({"layout": layout("other").model_dump(mode="json")}, "layout.id"),
        ({"layout": layout().model_dump(mode="json") | {"time_zone": "Mars/Olympus"}}, "layout.time_zone"),
    ],
)
async def test_a_store_with_a_mistake_is_refused_with_its_place(backend, change, field):
    body = {"layout": layout().model_dump(mode="json"), "devices": [], "rules": []} | change
    assert_error(await backend.put(BASE, json=body), 422, "invalid", field)
    assert len((await get(backend, f"{BASE}/devices"))["devices"]) == 3


async def test_devices_with_their_newest_health(world, backend):
    for minutes, state, reason in ((50, "ok", None), (5, "failed", "no frames for 30 s")):
        row = {"measured_at": NOW - timedelta(minutes=minutes), "state": state, "reason": reason, "frames_per_s": 9.5}
        await world.commit("health_readings", "camera", [row])
    devices = models.Devices.model_validate(await get(backend, f"{BASE}/devices")).devices
    assert [d.device_id for d in devices] == ["cam-1", "lanes-1", "shelf-1"]
    (health,) = devices[0].health
    assert (health.component_id, health.state, health.reason) == ("camera", "failed", "no frames for 30 s")
    assert devices[1].health == []


async def test_a_device_that_nobody_registered_is_shown_as_such(world, backend):
    await world.connection.execute(
        "INSERT INTO devices (store_id, device_id, first_seen_at, state) VALUES (%s, 'stray', now(), 'online')",
        (STORE,),
    )
    stray = (await get(backend, f"{BASE}/devices"))["devices"][-1]
    assert (stray["device_id"], stray["kind"], stray["registered_at"]) == ("stray", None, None)
    await world.register()
    assert (await get(backend, f"{BASE}/devices"))["devices"][-1]["device_id"] == "stray"


async def test_rules_can_be_changed(world, backend):
    answer = await backend.put(f"{BASE}/rules/long-queue", json=QUEUE_RULE | {"open_at_length": 8})
    entry = models.RuleEntry.model_validate(answer.json())
    assert (entry.version, entry.rule.open_at_length) == (2, 8)
    assert len((await get(backend, f"{BASE}/rules"))["rules"]) == 2
    assert_error(await backend.put(f"{BASE}/rules/other", json=QUEUE_RULE), 422, "invalid", "id")
    assert_error(
        await backend.put(f"{BASE}/rules/long-queue", json=QUEUE_RULE | {"queues": ["x"]}), 422, "invalid", "queues[0]"
    )
    assert_error(await backend.put("/api/v1/stores/none/rules/long-queue", json=QUEUE_RULE), 404, "no_such_store")


ROWS = {
    "footfall_counts": ("entrance", {"period_ms": 1000, "in_count": 2, "out_count": 1}),
    "zone_visits": (
        "zone-a",
        {"period_ms": 1000, "occupancy": 3, "entry_count": 1, "exit_count": 0, "presence_ms": 3000, "visit_count": 1,
         "visit_dwell_ms": 9000, "stop_count": 0},
    ),
    "queue_samples": ("tills", {"length": 4, "longest_wait_ms": 61_000}),
    "queue_visits": ("tills", {"outcome": "served", "wait_ms": 45_000, "service_ms": 30_000}),
    "lane_states": ("lane-1", {"is_open": True, "is_staffed": False}),
    "line_parties": (
        "entrance",
        {"period_ms": 60_000, "in_count": 3, "out_count": 2, "staff_in_count": 1, "staff_out_count": 0},
    ),
    "zone_dwells": (
        "zone-a",
        {"period_ms": 60_000, "visit_count": 9, "dwell_le_counts": [1, 1, 2, *([4] * 12), 8], "unknown_count": 2,
         "people_ms": 90_000, "staff_ms": 12_000},
    ),
    "lane_services": (
        "lane-1",
        {"period_ms": 60_000, "queue_id": "tills", "till_count": 1, "busy_ms": 41_000, "served_count": 2},
    ),
    "zone_transitions": (
        "cam-1",
        {"span_ms": 900_000, "people_count": 7, "from_zone_id": None, "to_zone_id": None},
    ),
    "shelf_weights": ("slot-1", {"weight_mg": 7_210_000, "is_stable": True, "units": 7, "confidence": 0.5,
                                 "guest_mg": 250_000, "calibration_due": "the zero may have drifted",
                                 "products": [{"sku": "jam", "units": 3, "confidence": 0.5}]}),
    "shelf_events": (
        "slot-1",
        {"event": "pick", "units": 1, "delta_mg": -1_030_000, "confidence": 0.5, "sku": "oat-1l", "is_ambiguous": True,
         "alternatives": [{"event": "foreign", "units": 1, "confidence": 0.25},
                          {"event": "misplaced", "units": 2, "confidence": 0.125, "sku": "jam"}],
         "burst_units": 6, "straddles": "slot-2",
         "correction_no": 0, "told_event": None, "told_units": None, "told_sku": None},
    ),
    "environment_readings": (
        "chiller",
        {"temperature_c": 4.5, "humidity_pct": None, "noise_dba": None, "light_lux": None},
    ),
    "health_readings": (
        "camera",
        {"state": "ok", "reason": None, "frames_per_s": 9.5, "outbox_messages": 1, "outbox_bytes": 2, "uptime_s": 3,
         "clock_offset_ms": -4, "cause": None, "displacement_px": None, "affected": None,
         "planogram_version": 3, "drawing_version": 2},
    ),
}  # fmt: skip


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


async def test_kpis_and_their_completeness(world, backend):
    await minutes_of(world, "footfall_counts", "entrance", 30, {"period_ms": 60_000, "in_count": 2, "out_count": 1})
    await minutes_of(world, "footfall_counts", "inner", 30, {"period_ms": 60_000, "in_count": 99, "out_count": 0})
    zone = ROWS["zone_visits"][1] | {"period_ms": 60_000, "presence_ms": 180_000, "visit_dwell_ms": 90_000}
    await minutes_of(world, "zone_visits", "zone-a", 60, zone | {"entry_count": 4, "stop_count": 1})
    await minutes_of(world, "queue_samples", "tills", 45, {"length": 4, "longest_wait_ms": 0})
    for n in range(10):
        outcome = "abandoned" if n == 9 else "served"
        visit = {
            "measured_at": NOW - timedelta(minutes=n + 1),
            "outcome": outcome,
            "wait_ms": 10_000 * (n + 1),
            "service_ms": 0,
        }
        await world.commit("queue_visits", "tills", [visit])
    await minutes_of(
        world, "shelf_weights", "slot-1", 60, {"weight_mg": 1, "is_stable": True, "units": 1, "confidence": 0.9}
    )
    await minutes_of(
        world, "shelf_weights", "slot-1", 20, {"weight_mg": 0, "is_stable": True, "units": 0, "confidence": 0.9}
    )
    for seconds in (30, 90):
        alert_id = await world.insert_alert(state="resolved", opened_at=NOW - timedelta(minutes=10))
        await world.connection.execute(
            "UPDATE alerts SET acknowledged_at = opened_at + make_interval(secs => %s) WHERE alert_id = %s",
            (seconds, alert_id),
        )
    await world.insert_alert(opened_at=NOW - timedelta(minutes=1))
    for seconds, proof in ((300, '{"units": 8}'), (900, '{"units": 8}'), (5, None)):  # the last ended with its rule
        alert_id = await world.insert_alert(state="resolved", opened_at=NOW - timedelta(hours=3), subject_id="slot-1")
        await world.connection.execute(
            "UPDATE alerts SET kind = 'low_stock', proof = %s, opened_at = %s, resolved_at = %s WHERE alert_id = %s",
            (proof, NOW - timedelta(minutes=5, seconds=seconds), NOW - timedelta(minutes=5), alert_id),
        )
    await world.register_at(NOW - timedelta(days=3))
    await world.connection.execute(
        "UPDATE stores SET layout = jsonb_set(layout, '{wait_target_s}', '70') WHERE store_id = %s", (STORE,)
    )
    await minutes_of(world, "lane_states", "lane-1", 40, {"is_open": True, "is_staffed": True})
    await minutes_of(world, "health_readings", "agent", 60, {"state": "ok"})
    await minutes_of(world, "health_readings", "camera", 50, {"state": "degraded"})
    for n in range(30, 60):
        row = {"measured_at": NOW - timedelta(minutes=n, seconds=40), "state": "ok"}
        await world.commit("health_readings", "agent", [row], device_id="shelf-1")
    for n, (is_open, advised, told) in enumerate([(1, 1, 1), (1, 2, 1), (1, 2, None), (1, 2, 1), (0, 5, 0)]):
        await world.advise(NOW - timedelta(minutes=n + 1), is_open, advised, told=told, total=1)
    body = measurement_models.Kpis.model_validate(await get(backend, f"{BASE}/kpis"))
    found = {kpi.name: (kpi.value, kpi.unit, kpi.completeness) for kpi in body.kpis}
    minutes = 60
    assert found == {
        "visitors": (60.0, "people", pytest.approx(30 / minutes)),
        "buying_units": (None, "parties", pytest.approx(30 / minutes)),
        "occupancy": (3.0, "people", pytest.approx(60 / minutes)),
        "staff_share": (None, "share", pytest.approx(60 / minutes)),
        "engagement": (0.25, "share", pytest.approx(60 / minutes)),
        "mean_dwell": (90.0, "s", pytest.approx(60 / minutes)),
        "queue_length": (4.0, "people", pytest.approx(45 / minutes)),
        "wait_mean": (50.0, "s", pytest.approx(45 / minutes)),
        "wait_p90": (pytest.approx(82.0), "s", pytest.approx(45 / minutes)),
        "served_within_target": (pytest.approx(7 / 9), "share", pytest.approx(45 / minutes)),
        "lanes_open_against_needed": (pytest.approx(-0.75), "lanes", pytest.approx(40 / minutes)),
        "abandonment": (0.1, "share", pytest.approx(45 / minutes)),
        "on_shelf_availability": (pytest.approx(50 / 60), "share", pytest.approx(1.0)),
        "stock_out_minutes": (pytest.approx(10.0), "min", pytest.approx(1.0)),
        "lost_sales": (None, "units", pytest.approx(1.0)),
        "restock_time": (600.0, "s", pytest.approx(1.0)),
        "alert_response_time": (60.0, "s", pytest.approx(2 / 6)),
        # Sixty minutes of the camera, thirty of the shelf, none of the lanes' device.
        "device_uptime": (pytest.approx(90 / 180), "share", pytest.approx(90 / 180)),
    }


async def test_kpis_of_a_long_span_are_those_of_its_minutes(world, backend, monkeypatch):
    chance = random.Random(7)  # noqa: S311 -- the same readings on every run
    for n in range(300):
        at = {"measured_at": NOW - timedelta(seconds=chance.randrange(5 * 3_600))}
        await world.commit("queue_samples", "tills", [at | {"length": chance.randrange(9), "longest_wait_ms": 0}])
        weight = {"weight_mg": 1, "is_stable": True, "units": chance.choice([None, 0, 3]), "confidence": 0.9}
        await world.commit("shelf_weights", "slot-1", [at | weight])
        visit = {"outcome": chance.choice(["served", "abandoned"]), "wait_ms": chance.randrange(10**6), "service_ms": 0}
        await world.commit("queue_visits", "tills", [at | visit])
        if n == 200:
            with connect(world.url) as upkeep:
                maintain(upkeep, MaintenanceSettings(), now=NOW)
    span = {"from": (NOW - timedelta(hours=4, minutes=52)).isoformat()}
    by_quarters = (await get(backend, f"{BASE}/kpis", **span))["kpis"]
    monkeypatch.setattr(kpi_steps, "_FINE_SPAN", timedelta(days=1))
    assert (await get(backend, f"{BASE}/kpis", **span))["kpis"] == by_quarters
    found = {kpi["name"]: kpi["value"] for kpi in by_quarters}
    assert 3 < found["queue_length"] < 5
    assert 0.3 < found["on_shelf_availability"] < 0.7
    assert found["stock_out_minutes"] > 30
    # Interpolated in a histogram, the percentile is near the exact one.
    monkeypatch.setattr(kpi_steps, "_EXACT_WAITS_SPAN", timedelta(hours=1))
    rough = {kpi["name"]: kpi["value"] for kpi in (await get(backend, f"{BASE}/kpis", **span))["kpis"]}
    assert rough.pop("wait_p90") == pytest.approx(found.pop("wait_p90"), rel=0.6)
    assert rough == found


async def test_the_store_answers_the_available_kpis_of_the_catalogue_in_its_order(backend):
    catalogue = measurement_models.KpiCatalogue.model_validate(await get(backend, "/api/v1/kpis")).kpis
    told = [(kpi["name"], kpi["unit"]) for kpi in (await get(backend, f"{BASE}/kpis"))["kpis"]]
    assert told == [(kpi.name, kpi.unit) for kpi in catalogue if kpi.is_available]
    assert {kpi.name for kpi in catalogue if kpi.needs} >= {"conversion", "shoppers_per_staff"}


async def test_completeness_is_what_stands_beside_the_kpis_and_says_why_it_is_not_whole(world, backend):
    await minutes_of(world, "footfall_counts", "entrance", 45, {"period_ms": 60_000, "in_count": 2, "out_count": 1})
    await minutes_of(world, "queue_samples", "tills", 60, {"length": 4, "longest_wait_ms": 0})
    shelf = {"weight_mg": 1, "is_stable": True, "units": 1, "confidence": 0.9}
    await minutes_of(world, "shelf_weights", "slot-1", 30, shelf, device_id="shelf-1")
    await world.connection.execute(
        "INSERT INTO device_boots (store_id, device_id, boot_id, committed, first_received_at, last_received_at) "
        "VALUES (%s, 'cam-1', 'b', '{[0,500)}', %s, %s)",
        (STORE, NOW - timedelta(hours=1), NOW),
    )
    boot_no = (await world.rows("SELECT boot_no FROM device_boots"))[0]["boot_no"]
    await world.connection.execute("INSERT INTO declared_gaps VALUES (%s, '[10,60)', 'overflow', now())", (boot_no,))
    await minutes_of(world, "health_readings", "outbox", 60, {"state": "ok"})
    await world.connection.execute(
        "UPDATE health_readings SET boot_no = %s, seq = CASE WHEN measured_at < %s THEN 5 ELSE 80 END",
        (boot_no, NOW - timedelta(minutes=50)),
    )
    body = await get(backend, f"{BASE}/completeness", **{"from": (NOW - timedelta(hours=1)).isoformat()})
    found = measurement_models.Completeness.model_validate(body)
    kpis = {kpi["name"]: kpi["completeness"] for kpi in (await get(backend, f"{BASE}/kpis"))["kpis"]}
    by_quality = {each.quality: each.completeness for each in found.summary}
    assert by_quality["line_minutes"] == pytest.approx(kpis["visitors"])
    assert by_quality["zone_minutes"] == kpis["occupancy"] == 0
    assert by_quality["queue_minutes"] == pytest.approx(kpis["queue_length"])
    assert by_quality["slot_minutes"] == pytest.approx(kpis["on_shelf_availability"])
    devices = {device.device_id: device for device in found.devices}
    assert set(devices) == {"cam-1", "lanes-1", "shelf-1", None}, "nobody ever measured the zone"
    missing = Counter()
    for hour in devices["cam-1"].hours:
        missing.update(hour.missing_minutes)
    # The hole lies between two health readings; the rest of the missing minutes the device ran.
    assert missing == {"overflow": 2, "unknown": 13}
    assert sum(hour.missing_messages.get("overflow", 0) for hour in devices["cam-1"].hours) == 50
    assert sum(hour.missing_minutes.get("offline", 0) for hour in devices["shelf-1"].hours) == 30
    (boot,) = devices["cam-1"].boots
    assert (boot.expected_messages, boot.committed_messages, boot.dropped_messages) == (500, 450, {"overflow": 50})


async def test_figures_touched_by_a_failing_camera_are_marked_and_audits_give_the_band(world, backend):
    moved = {
        "state": "degraded",
        "cause": "moved",
        "reason": "it was moved",
        "affected": "footfall/entrance zone/zone-a",
    }
    minute = timedelta(minutes=1)
    rows = [
        {"measured_at": NOW - 40 * minute, "state": "ok"},
        *({"measured_at": NOW - n * minute, **moved, "displacement_px": 30.0} for n in (30, 29, 28)),
        {"measured_at": NOW - 27.5 * minute, "state": "ok"},
        {"measured_at": NOW - 9 * minute, "state": "failed", "cause": "dark", "affected": "footfall/entrance"},
    ]
    await world.commit("health_readings", "cam-1", rows)
    audit = (
        '[{"line_id": "entrance", "direction": "in", "tallied_count": 100, "counted_count": %d, "missed_count": 4, '
        '"extra_count": 2, "error_low": -0.08, "error_high": 0.05}]'
    )
    audits = [
        {"measured_at": NOW - n * timedelta(days=1), "state": "ok", "audit_ms": 3_600_000, "accuracy": audit % count}
        for n, count in ((9, 90), (2, 98))
    ]
    await world.commit("health_readings", "audit", audits)
    body = await get(backend, f"{BASE}/quality")
    StoreQuality.model_validate(body)
    first, second = body["faults"]
    assert (first["cause"], first["affected"]) == ("moved", ["footfall/entrance", "zone/zone-a"])
    assert datetime.fromisoformat(first["from"]) == NOW - 30 * minute
    assert datetime.fromisoformat(first["to"]) == NOW - 27.5 * minute
    assert first["displacement_px"] == 30.0
    assert second["cause"] == "dark"
    assert datetime.fromisoformat(second["to"]) == NOW - 4 * minute, "what was told last is believed for five minutes"
    (line,) = body["lines"]
    assert (line["line_id"], line["direction"], line["error"], line["audit_s"]) == ("entrance", "in", -0.02, 3_600)
    assert (line["error_low"], line["error_high"]) == (-0.08, 0.05)


async def test_kpis_of_a_store_without_readings_say_that_nothing_is_known(backend):
    for kpi in (await get(backend, f"{BASE}/kpis"))["kpis"]:
        assert kpi["value"] is None, kpi
        assert kpi["completeness"] in (0.0, None), kpi


async def test_alerts_page_by_page(world, backend):
    for n in range(5):
        await world.insert_alert(state="resolved", opened_at=NOW - timedelta(minutes=n))
    newest = await world.insert_alert()
    page = models.Alerts.model_validate(await get(backend, f"{BASE}/alerts", limit=4))
    rest = models.Alerts.model_validate(await get(backend, f"{BASE}/alerts", limit=4, after=page.next))
    ids = [alert.alert_id for alert in page.alerts + rest.alerts]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 6
    assert rest.next is None
    for state, count in (("open", 1), ("unresolved", 1), ("resolved", 5), ("acknowledged", 0)):
        assert len((await get(backend, f"{BASE}/alerts", state=state))["alerts"]) == count
    assert page.alerts[0].alert_id == newest
    assert page.alerts[0].title == "the tills: 6 waiting"
    assert page.alerts[0].action == "Open another lane"


async def test_acknowledging(world, backend):
    alert_id = await world.insert_alert()
    path = f"{BASE}/alerts/{alert_id}/acknowledge"
    for _ in range(2):
        alert = models.Alert.model_validate((await backend.post(path)).json())
        assert (alert.state, alert.acknowledged_by, alert.acknowledged_at) == ("acknowledged", "key:admin-key", NOW)
    await world.connection.execute("UPDATE alerts SET state = 'resolved', resolved_at = now()")
    assert_error(await backend.post(path), 409, "alert_resolved")
    assert_error(await backend.post(f"{BASE}/alerts/999999/acknowledge"), 404, "no_such_alert")
    assert_error(await backend.post(f"/api/v1/stores/other/alerts/{alert_id}/acknowledge"), 404, "no_such_alert")


async def insert_letter(world, payload, **columns):
    row = {"stage": "body", "store_id": None, "device_id": None, "received_at": NOW} | columns
    (found,) = await world.rows(
        "INSERT INTO dead_letters "
        "(received_at, batch_no, topic, stage, reason, store_id, device_id, payload, payload_bytes) "
        "VALUES (%(received_at)s, 1, 't', %(stage)s, 'no JSON', %(store_id)s, %(device_id)s, %(payload)s, 9) "
        "RETURNING dead_letter_id",
        payload=payload,
        **row,
    )
    return found["dead_letter_id"]


async def test_dead_letters(world, backend):
    for n in range(3):
        await insert_letter(world, b"\xff" * (4_000 + n))
    page = dead_letter_models.DeadLetters.model_validate(await get(backend, "/api/v1/dead-letters", limit=2))
    rest = dead_letter_models.DeadLetters.model_validate(
        await get(backend, "/api/v1/dead-letters", limit=2, after=page.next)
    )
    ids = [letter.dead_letter_id for letter in page.dead_letters + rest.dead_letters]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    assert page.dead_letters[0].payload_base64.startswith("////")


async def test_dead_letters_by_stage_device_and_time(world, backend):
    async def ids(**params):
        return [
            each["dead_letter_id"] for each in (await get(backend, "/api/v1/dead-letters", **params))["dead_letters"]
        ]

    old = await insert_letter(world, b"", stage="future", store_id=STORE, device_id="cam-1", received_at=NOW - DAY)
    new = await insert_letter(world, b"", stage="body", store_id=STORE, device_id="cam-2")
    assert await ids() == [new, old]
    assert (
        await ids(stage="future") == await ids(device_id="cam-1") == await ids(to=(NOW - DAY / 2).isoformat()) == [old]
    )
    assert await ids(store_id=STORE, **{"from": (NOW - DAY / 2).isoformat()}) == [new]
    assert await ids(replayed="true") == []
    for params, field in (({"from": "2026-11-20T12:00:00"}, "from"), ({"stage": "X Y"}, "stage")):
        assert_error(await backend.get("/api/v1/dead-letters", params=params), 422, "invalid", field)


async def test_a_first_view_is_answered_at_once(world, backend):
    found = Opening.model_validate(await get(backend, "/api/v1/opening"))
    assert found.store is not None
    assert found.live is not None
    assert (found.store.store_id, found.live.store_id, len(found.stores)) == (STORE, STORE, 1)
    assert found.store == models.Store.model_validate(await get(backend, BASE))
    await world.register("berlin-2")
    several = Opening.model_validate(await get(backend, "/api/v1/opening"))
    assert (several.store, several.live, len(several.stores)) == (None, None, 2)
    assert several.session.user.role is Role.ADMIN
    named = Opening.model_validate(await get(backend, "/api/v1/opening", store_id="berlin-2"))
    assert named.store is not None
    assert named.store.store_id == "berlin-2"
    assert Opening.model_validate(await get(backend, "/api/v1/opening", store_id="nowhere")).store is None
    assert_error(await backend.get("/api/v1/opening", params={"store_id": "no id"}), 422, "invalid", "store_id")
    assert_error(await backend.get("/api/v1/opening", headers={"Authorization": "Bearer x"}), 401, "not_signed_in")


async def test_a_dead_letter_is_shown_and_its_replay_asked_for(world, backend):
    text, raw = await insert_letter(world, b'{"v":1}'), await insert_letter(world, b"\xff\x00")
    assert (await get(backend, f"/api/v1/dead-letters/{text}"))["payload_text"] == '{"v":1}'
    assert (await get(backend, f"/api/v1/dead-letters/{raw}"))["payload_hex"] == "ff00"
    path = f"/api/v1/dead-letters/{text}/replay"
    answer = await backend.post(path, json={"shift_s": -7200})
    assert answer.status_code == 202
    assert dead_letter_models.WholeDeadLetter.model_validate(answer.json()).replay_requested_at == NOW
    assert await world.rows("SELECT replay_shift_ms FROM dead_letters WHERE replay_requested_at IS NOT NULL") == [
        {"replay_shift_ms": -7_200_000}
    ]
    await world.connection.execute("UPDATE dead_letters SET replayed_at = now(), replay_requested_at = NULL")
    assert (await backend.post(path, json={})).json()["replay_requested_at"] is None, "it was stored already"
    for missing in ("/api/v1/dead-letters/999", "/api/v1/dead-letters/999/replay"):
        answer = await (backend.post(missing, json={}) if missing.endswith("replay") else backend.get(missing))
        assert_error(answer, 404, "no_such_dead_letter")
    assert_error(await backend.post(path, json={"shift_s": 1e300}), 422, "invalid", "shift_s")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/live",
        "/stream",
        "/devices",
        "/rules",
        "/alerts",
        "/kpis",
        "/completeness",
        "/heatmap",
        "/footfall",
        "/readings/zone_visits",
    ],
)
async def test_a_store_that_is_not_there(backend, path):
    assert_error(await backend.get(f"/api/v1/stores/nowhere{path}"), 404, "no_such_store")
    assert_error(await backend.get(f"/api/v1/stores/no%20id{path}"), 422, "invalid", "store_id")


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/api/v1/nothing", {}, 404, "not_found"),
        ("GET", "/static/nothing.js", {}, 404, "not_found"),
        ("GET", "/static/../../../etc/passwd", {}, 404, "not_found"),
        ("GET", "/static/%2e%2e/%2e%2e/pyproject.toml", {}, 404, "not_found"),
        ("DELETE", "/api/v1/stores", {}, 405, "method_not_allowed"),
        ("POST", "/api/v1/session", {"content": b"{", "headers": JSON}, 422, "invalid_json"),
        ("POST", "/api/v1/session", {"content": b"\xff\xff", "headers": JSON}, 400, "bad_request"),
        ("POST", "/api/v1/session", {"content": b"[" * 60_000, "headers": JSON}, None, None),
        ("POST", "/api/v1/session", {"content": b"user_name=x"}, 422, "invalid"),
        ("POST", "/api/v1/session", {"json": {"user_name": "x" * 101, "password": PASSWORD}}, 422, "invalid"),
        ("POST", "/api/v1/session", {"content": b"x" * 70_000}, 413, "body_too_large"),
        ("PUT", BASE, {"content": b"x" * 4_000_001}, 413, "body_too_large"),
        ("GET", f"{BASE}/readings/secrets", {}, 422, "invalid"),
    ],
)  # fmt: skip
async def test_every_refusal_has_the_one_shape(backend, method, path, options, status, code):
    answer = await backend.request(method, path, **options)
    body = models.ErrorBody.model_validate_json(answer.content)
    if status is not None:
        assert (answer.status_code, body.error.code) == (status, code)
    assert 400 <= answer.status_code < 500


async def test_a_refused_sign_in_does_not_repeat_the_password(backend):
    answer = await backend.post("/api/v1/session", json={"user_name": 7, "password": PASSWORD, "extra": 1})
    assert answer.status_code == 422
    assert PASSWORD not in answer.text


async def test_a_body_that_lies_about_its_size_is_cut_off(backend):
    async def endless():
        while True:
            yield b" " * 10_000

    answer = await backend.post("/api/v1/session", content=endless(), headers={"Content-Type": "application/json"})
    assert_error(answer, 413, "body_too_large")


async def test_a_fault_of_ours_is_told_without_its_details(backend, monkeypatch, caplog):
    async def fails(_connection):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("storesense_backend.registry.list_stores", fails)
    answer = await backend.get("/api/v1/stores")
    assert_error(answer, 500, "internal")
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text
    assert answer.headers["content-security-policy"]


async def test_a_lost_database_is_told_as_such(world, backend, monkeypatch):
    from psycopg_pool import PoolTimeout  # noqa: PLC0415

    def gone(*_args, **_kwargs):
        raise PoolTimeout("couldn't get a connection after 5.00 sec")

    monkeypatch.setattr(backend.context.pool, "connection", gone)
    assert_error(await backend.get("/api/v1/stores"), 503, "database_unavailable")
    answer = await backend.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "failing"


async def test_a_query_that_takes_too_long_is_ended(world):
    async with running_backend(world.url, statement_timeout_s=1.0) as (context, http):
        http.headers.update(await world.key(Role.ADMIN))
        async with world.connection.transaction():
            await world.connection.execute("LOCK TABLE stores IN ACCESS EXCLUSIVE MODE")
            assert_error(await http.get("/api/v1/stores"), 503, "too_slow")
        assert (await http.get("/api/v1/stores")).status_code == 200
        assert context.pool.get_stats()["pool_size"] >= 1


async def test_health_needs_no_sign_in(world):
    async with running_backend(world.url) as (context, http):
        async with asyncio.timeout(60):
            while not context.feed.is_listening:  # noqa: ASYNC110 -- another task's state
                await asyncio.sleep(0.01)
        assert (await get(http, "/healthz")) == {"status": "ok", "database": "ok", "live": "listening"}


async def test_requests_are_counted_by_route_and_not_by_path(backend):
    for path in (BASE, "/api/v1/stores/other", "/nothing/1", "/nothing/2", "/static/nothing"):
        await backend.get(path)
    registry = backend.context.metrics.registry
    found = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for metric in registry.collect()
        if metric.name == "storesense_backend_requests"
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
    assert found == {
        ("/api/v1/stores/{store_id}", "200"): 1,
        ("/api/v1/stores/{store_id}", "404"): 1,
        ("none", "404"): 3,
    }


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/stores", "/nothing", "/static/nothing"])
async def test_every_answer_is_hardened(backend, path):
    headers = (await backend.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    if path.startswith("/api/"):
        assert headers["cache-control"] == "no-store"


async def test_the_page_is_served(backend):
    answer = await backend.get("/")
    if answer.status_code == 404:
        assert_error(answer, 404, "no_pages")
    else:
        assert answer.headers["content-type"].startswith("text/html")
        assert "<script>" not in answer.text


async def test_interactive_documents_are_off(backend):
    assert (await backend.get("/docs")).status_code == 404
    assert (await backend.get("/redoc")).status_code == 404


async def operations(backend):
    document = await get(backend, "/api/v1/openapi.json")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield document, path, method, operation


async def test_the_openapi_document_is_complete(backend):
    count = 0
    async for document, path, method, operation in operations(backend):
        where = f"{method} {path}"
        count += 1
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        assert operation["tags"][0] in {tag["name"] for tag in document["tags"]}, where
        assert all(parameter.get("description") for parameter in operation.get("parameters", ())), where
        done = [status for status in operation["responses"] if status.startswith("2")]
        assert len(done) == 1, where
        if done != ["204"]:
            (kind,) = operation["responses"][done[0]]["content"].items()
            assert kind[0] != "application/json" or "$ref" in kind[1]["schema"], where
        for status, answer in operation["responses"].items():
            if not status.startswith("2") and path != "/healthz":
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorBody"}, f"{where} {status}"
        expected = {"500", "503"} if path == "/healthz" else {"401", "500", "503"}
        assert expected <= set(operation["responses"]), where
        if path not in ("/healthz", "/metrics") and where != "post /api/v1/session":
            assert operation["security"] == [{"session": []}, {"key": []}], where
    assert count >= 56
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert set(document["components"]["securitySchemes"]) == {"session", "key"}


async def test_answers_are_as_the_openapi_document_says(world, backend):
    await world.queue(4, NOW)
    alert_id = await world.insert_alert()
    letter_id = await insert_letter(world, b"{}")
    await world.rows("INSERT INTO push_keys VALUES ('BPublic', now()) RETURNING 1")
    checked = 0
    async for document, path, method, operation in operations(backend):
        if method != "get" or "200" not in operation["responses"]:
            continue
        content = operation["responses"]["200"]["content"].get("application/json")
        if content is None or path.endswith("openapi.json"):
            continue
        url = path.replace("{store_id}", STORE).replace("{family}", "queue_samples")
        url = url.replace("{dead_letter_id}", str(letter_id)).replace("{alert_id}", str(alert_id))
        url = url.replace("{rule_id}", "long-queue").replace("{device_id}", "cam-1")
        body = await get(backend, url)
        schema = content["schema"] | {"components": document["components"]}
        Draft202012Validator(schema).validate(body)
        checked += 1
    assert checked >= 33


def test_every_endpoint_is_documented(repo_dir):
    text = (repo_dir / "docs/reference/api.md").read_text()
    described = set(re.findall(r"^### `([A-Z]+ /\S*)`", text, re.MULTILINE))
    modules = [import_module(f"{api.__name__}.{found.name}") for found in pkgutil.iter_modules(api.__path__)]
    routers = [module.router for module in modules if hasattr(module, "router")]
    assert len(routers) >= 17
    existing = {
        f"{method} {route.path}"
        for router in routers
        for route in router.routes
        for method in route.methods
        if method != "HEAD"
    }
    assert described == existing | {"GET /api/v1/openapi.json", "GET /static/{path}"}
    codes = set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))
    source = "\n".join(path.read_text() for path in (repo_dir / "backend/storesense_backend").rglob("*.py"))
    used = set(re.findall(r'code="([a-z_]+)"', source))
    assert used <= codes, "error codes without a line in docs/reference/api.md"
