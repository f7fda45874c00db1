"""Alerts over the API, and their acknowledgement."""

from datetime import timedelta

from fixtures.backend_api import BASE, NOW, assert_error, get
from storesense_backend.api.alert_models import Alert, Alerts


async def test_alerts_page_by_page(world, backend):
    for n in range(5):
        await world.insert_alert(state="resolved", opened_at=NOW - timedelta(minutes=n))
    newest = await world.insert_alert()
    page = Alerts.model_validate(await get(backend, f"{BASE}/alerts", limit=4))
    rest = Alerts.model_validate(await get(backend, f"{BASE}/alerts", limit=4, after=page.next))
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
        alert = Alert.model_validate((await backend.post(path)).json())
        assert (alert.state, alert.acknowledged_by, alert.acknowledged_at) == ("acknowledged", "key:admin-key", NOW)
    await world.connection.execute("UPDATE alerts SET state = 'resolved', resolved_at = now()")
    assert_error(await backend.post(path), 409, "alert_resolved")
    assert_error(await backend.post(f"{BASE}/alerts/999999/acknowledge"), 404, "no_such_alert")
    assert_error(await backend.post(f"/api/v1/stores/other/alerts/{alert_id}/acknowledge"), 404, "no_such_alert")
