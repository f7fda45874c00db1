"""The port beside a worker: what it answers, and that it ends with the work."""

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from storesense_backend.health_port import build_health_app, work_beside_port
from storesense_backend.listening import listen_on


async def ask(health: dict[str, object], path: str) -> httpx.Response:
    registry = CollectorRegistry()
    Counter("things_done", "Things that were done", registry=registry).inc(3)
    transport = httpx.ASGITransport(app=build_health_app(lambda: health, registry))
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        return await client.get(path)


@pytest.mark.parametrize(("status", "code"), [("ok", 200), ("failing", 503)])
async def test_health_is_told_whole_and_its_status_by_the_code_too(status: str, code: int) -> None:
    answer = await ask({"status": status, "stores": 2}, "/healthz")
    assert (answer.status_code, answer.json()) == (code, {"status": status, "stores": 2})


async def test_metrics_are_those_of_the_registry() -> None:
    answer = await ask({"status": "ok"}, "/metrics")
    assert "things_done_total 3.0" in answer.text


async def test_work_that_fails_ends_the_port_and_its_error_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("no such thing")

    listener = listen_on("127.0.0.1", 0, setting="STORESENSE_TEST_PORT")
    try:
        with pytest.raises(LookupError, match="no such thing"):
            await work_beside_port(fail(), build_health_app(dict, CollectorRegistry()), listener, name="work")
    finally:
        listener.close()
