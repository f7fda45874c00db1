"""Key figures over the API, and how complete they are."""

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from fixtures.backend_api import BASE, NOW, ROWS, get, minutes_of
from fixtures.backend_world import STORE
from storesense_backend import kpi_steps
from storesense_backend.api import measurement_models
from storesense_backend.api.quality import StoreQuality
from storesense_gateway.maintenance import connect, maintain
from storesense_gateway.maintenance_settings import MaintenanceSettings


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
