"""What the gateway says of itself."""

import json
import socket
from http import HTTPStatus
from urllib.request import urlopen

import pytest

from storesense_contracts.errors import UsageError
from storesense_gateway.health import Health, HealthServer, respond
from storesense_gateway.metrics import GatewayMetrics


@pytest.fixture
def health() -> Health:
    return Health(("broker", "database"))


def test_is_healthy_only_when_both_are(health: Health) -> None:
    registry = GatewayMetrics().registry
    answers = []
    for part in ("broker", "database"):
        answers.append(respond("/healthz", health, registry)[0])
        health.report(part, None)
    answers.append(respond("/healthz", health, registry)[0])
    assert answers == [HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.OK]


def test_says_what_is_wrong(health: Health) -> None:
    health.report("broker", None)
    health.report("database", "password refused")
    body = json.loads(respond("/healthz", health, GatewayMetrics().registry)[2])
    assert body == {"status": "failing", "problems": {"database": "password refused"}}


def test_serves_metrics_and_nothing_else(health: Health) -> None:
    metrics = GatewayMetrics()
    metrics.batches.inc()
    server = HealthServer(host="127.0.0.1", port=0, health=health, registry=metrics.registry)
    server.start()
    try:
        with urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as answer:
            assert "storesense_gateway_batches_total 1.0" in answer.read().decode()
        assert respond("/etc/passwd", health, metrics.registry)[0] is HTTPStatus.NOT_FOUND
    finally:
        server.stop()


def test_a_taken_port_is_named_with_the_remedy(health: Health) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = HealthServer(host="127.0.0.1", port=port, health=health, registry=GatewayMetrics().registry)
        with pytest.raises(UsageError, match=rf"127.0.0.1:{port} .* set STORESENSE_GATEWAY_HTTP_PORT"):
            server.start()
