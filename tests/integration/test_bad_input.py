"""What the world may throw at Storesense, case by case: each is told with its cause, and everything else goes on.

The cores have tests of their own for what they refuse; here the running parts are asked: the gateway between a real
broker and a real database, the API as a client sees it, and the commands as a shell sees them.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import zlib
from base64 import b64encode
from datetime import UTC, datetime

import psycopg
import pytest
from pydantic import SecretStr

from fixtures.backend_world import PASSWORD, STORE, layout, new_world, running_backend, sign_in
from fixtures.gateway_messages import message
from fixtures.mqtt_client import BlockingClient
from storesense_backend.api import models
from storesense_backend.roles import Role
from storesense_contracts.clock import SystemClock
from storesense_contracts.messages import decode_ack
from storesense_contracts.settings import BrokerSettings
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.service import build_gateway
from storesense_gateway.settings import GatewaySettings
from storesense_gateway.store import PostgresStore

DEVICE = "store-1/device-1"
UP = f"storesense/v1/{DEVICE}/up"


def now():
    return datetime.now(UTC).isoformat()


def climate(**changes):
    return {"measured_at": now(), "sensor_id": "door", "temperature_c": 20.5} | changes


def climate_at(instant, seq):
    return body([climate(measured_at=instant)], seq=seq)


def health(**changes):
    return {"measured_at": now(), "component_id": "camera", "state": "ok"} | changes


def heat(grid, columns=2, rows=2):
    return {
        "measured_at": now(),
        "period_ms": 1_000,
        "floor_id": "ground",
        "origin_xy_m": [0, 0],
        "cell_size_m": 0.5,
        "columns": columns,
        "rows": rows,
        "presence_ds": b64encode(grid).decode(),
    }


def body(readings, *, seq=0, **changes):
    return message(readings, seq=seq, sent_at=now(), **changes)


# --- payloads: (why, stream, payload made from a seq, stage of the dead letter, whether its seq is still committed)

PAYLOADS = [
    ("garbage", "environment", lambda _: b"\x00\xff\x80garbage", "header", False),
    ("nothing at all", "environment", lambda _: b"", "header", False),
    ("a number", "environment", lambda _: b"17", "header", False),
    ("objects without an end", "environment", lambda _: b'{"a":' * 40_000, "header", False),
    ("a header that is none", "environment", lambda _: body([climate()], boot_id="XYZ"), "header", False),
    ("a seq beyond 64 bits", "environment", lambda _: body([climate()], seq=2**63), "header", False),
    ("another version", "environment", lambda seq: body([climate()], seq=seq, v=2), "version", True),
    (
        "arrays without an end",
        "environment",
        lambda seq: body([], seq=seq).replace(b'"readings": []}', b'"readings": ' + b"[" * 90_000),
        "body",
        True,
    ),
    ("a thousand and one readings", "environment", lambda seq: body([climate()] * 1_001, seq=seq), "body", True),
    (
        "sent before the first instant",
        "environment",
        lambda seq: message([climate()], seq=seq, sent_at="0001-01-01T00:00:00+23:59"),
        "body",
        True,
    ),
    (
        "a drop that ends before it begins",
        "environment",
        lambda seq: body(
            [climate()], seq=seq, dropped=[{"boot_id": "f" * 32, "first": 9, "last": 3, "reason": "overflow"}]
        ),
        "header",
        True,
    ),
    ("NaN", "environment", lambda seq: body([climate(temperature_c=float("nan"))], seq=seq), "reading", True),
    ("infinity", "environment", lambda seq: body([climate(temperature_c=float("inf"))], seq=seq), "reading", True),
    ("400 digits", "environment", lambda seq: body([climate(temperature_c=10**400)], seq=seq), "reading", True),
    ("text in a number", "environment", lambda seq: body([climate(temperature_c="20")], seq=seq), "reading", True),
    ("an id of 65 letters", "environment", lambda seq: body([climate(sensor_id="a" * 65)], seq=seq), "reading", True),
    ("a wildcard in an id", "environment", lambda seq: body([climate(sensor_id="a#")], seq=seq), "reading", True),
    ("a NUL in an id", "environment", lambda seq: body([climate(sensor_id="a\0")], seq=seq), "reading", True),
    ("no offset", "environment", lambda seq: climate_at("2026-01-01T00:00:00", seq), "reading", True),
    ("the year 2099", "environment", lambda seq: climate_at("2099-01-01T00:00:00Z", seq), "future", True),
    ("the year 1970", "environment", lambda seq: climate_at("1970-01-01T00:00:00Z", seq), "past", True),
    ("a NUL in a text", "health", lambda seq: body([health(reason="a\0b")], seq=seq), "reading", True),
    ("half a surrogate pair", "health", lambda seq: body([health(reason="\ud800")], seq=seq), "reading", True),
    (
        "no UTF-8",
        "health",
        lambda seq: body([health(reason="XX")], seq=seq).replace(b"XX", b"\xff\xfe"),
        "reading",
        True,
    ),
    ("uptime beyond 64 bits", "health", lambda seq: body([health(uptime_s=2**63)], seq=seq), "reading", True),
    ("a zlib bomb", "heatmap", lambda seq: body([heat(zlib.compress(bytes(50_000_000), 9))], seq=seq), "reading", True),
    ("a grid that is no zlib", "heatmap", lambda seq: body([heat(b"abc")], seq=seq), "reading", True),
    ("a million cells", "heatmap", lambda seq: body([heat(b"", 1_024, 1_024)], seq=seq), "reading", True),
    ("an unknown stream", "nonsense", lambda seq: body([climate()], seq=seq), "topic", True),
    ("a stream of 60 000 letters", "n" * 60_000, lambda seq: body([climate()], seq=seq), "topic", True),
    ("a status that is none", "status", lambda _: b"\xffgarbage", "body", False),
]  # fmt: skip


@pytest.fixture
def gateway(mqtt_broker, database_url):
    settings = GatewaySettings(http_port=0, batch_wait_ms=20)
    broker = BrokerSettings(port=mqtt_broker.port, user_name="gateway", password=mqtt_broker.password("gateway"))
    store = PostgresStore(database_url, partition_no=0)
    built = build_gateway(settings, broker, clock=SystemClock(), store=store, metrics=GatewayMetrics())
    with built.running():
        eventually("it is connected", lambda: not any(built.health.problems().values()))
        yield built


def eventually(what, true, deadline_s=30.0):
    pause = threading.Event()
    clock = SystemClock()
    until_s = clock.monotonic_s() + deadline_s
    while not true():
        assert clock.monotonic_s() < until_s, f"waited in vain until {what}"
        pause.wait(0.02)


def device(broker):
    return BlockingClient(broker.port, DEVICE, broker.password(DEVICE).get_secret_value(), client_id="device-1")


def committed(client, seqs):
    """Wait until all ``seqs`` are acknowledged."""
    missing = set(seqs)
    while missing:
        for first, last in decode_ack(client.receive()[1]).ranges:
            missing -= set(range(first, last + 1))


def test_every_bad_payload_is_a_dead_letter_with_its_reason_and_stops_nothing(gateway, mqtt_broker, database_url):
    with device(mqtt_broker) as client:
        client.subscribe(f"storesense/v1/{DEVICE}/down/ack")
        expected = []
        for seq, (why, stream, make, stage, is_committed) in enumerate(PAYLOADS):
            client.publish(f"{UP}/{stream}", make(seq))
            expected.append((why, stage, seq if is_committed else None))
        last = len(PAYLOADS)
        client.publish(f"{UP}/environment", body([climate()], seq=last))
        committed(client, [last, *(seq for _, _, seq in expected if seq is not None)])
        with psycopg.connect(database_url) as connection:
            rows = connection.execute(
                "SELECT stage, seq, reason, octet_length(payload) FROM dead_letters ORDER BY dead_letter_id"
            ).fetchall()
            climates = connection.execute("SELECT count(*) FROM environment_readings").fetchone()
    told = sorted(((stage, seq) for stage, seq, _, _ in rows), key=str)
    assert told == sorted(((stage, seq) for _, stage, seq in expected), key=str)
    assert all(reason for _, _, reason, _ in rows), "each names its cause"
    assert all(size <= 262_144 for *_, size in rows), "none is kept without a bound"
    # The good message, and what stood beside a header's one bad range.
    assert climates == (2,)
    assert not gateway.failed.is_set()
    assert not any(gateway.health.problems().values())


def test_one_bad_reading_leaves_its_neighbours(gateway, mqtt_broker, database_url):
    assert gateway
    with device(mqtt_broker) as client:
        client.subscribe(f"storesense/v1/{DEVICE}/down/ack")
        client.publish(f"{UP}/environment", body([climate(), climate(temperature_c=float("nan")), climate()]))
        committed(client, [0])
        with psycopg.connect(database_url) as connection:
            assert connection.execute("SELECT idx FROM environment_readings ORDER BY idx").fetchall() == [(0,), (2,)]
            assert connection.execute("SELECT idx FROM dead_letters").fetchall() == [(1,)]


def raw_publish(broker, topic, payload_bytes):
    """Publish without a client that would refuse to; return what the broker answers, b"" if it hangs up."""

    def text(data):
        return struct.pack(">H", len(data)) + data

    def packet(kind, content, more=0):
        length, rest = b"", len(content) + more
        while True:
            rest, digit = divmod(rest, 128)
            length += bytes([digit | (128 if rest else 0)])
            if not rest:
                return bytes([kind]) + length + content

    secret = broker.password(DEVICE).get_secret_value().encode()
    with socket.create_connection(("127.0.0.1", broker.port), timeout=30) as connection:
        head = text(b"MQTT") + bytes([5, 0xC2]) + struct.pack(">H", 30) + b"\0"
        connection.sendall(packet(0x10, head + text(b"raw") + text(DEVICE.encode()) + text(secret)))
        assert connection.recv(200)[:1] == b"\x20"
        try:
            connection.sendall(packet(0x32, text(topic) + struct.pack(">H", 1) + b"\0", payload_bytes))
            for _ in range(payload_bytes // 65_536):
                connection.sendall(bytes(65_536))
            return connection.recv(200)
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    ("topic", "payload_bytes"),
    [
        pytest.param(f"{UP}/environment".encode(), 64 << 20, id="64 MB"),
        pytest.param(f"{UP}/\xff\xfe".encode("latin-1"), 0, id="a topic that is no UTF-8"),
        pytest.param(b"storesense/v1/store-1/#/up/environment", 0, id="a wildcard for a device"),
        pytest.param(b"storesense/v1/+/device-1/up/environment", 0, id="a wildcard for a store"),
        pytest.param(b"storesense/v1/store-1/" + b"a" * 65 + b"/up/environment", 0, id="a device of 65 letters"),
    ],
)
def test_what_no_client_would_send_leaves_the_others_alone(gateway, mqtt_broker, database_url, topic, payload_bytes):
    with device(mqtt_broker) as client:
        client.subscribe(f"storesense/v1/{DEVICE}/down/ack")
        answer = raw_publish(mqtt_broker, topic, payload_bytes)
        assert answer == b"" or answer[0] in (0x40, 0xE0)
        client.publish(f"{UP}/environment", body([climate()], seq=1))
        committed(client, [1])
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM environment_readings").fetchone() == (1,)
        assert connection.execute("SELECT DISTINCT stage FROM dead_letters").fetchall() in ([], [("header",)])
    assert not any(gateway.health.problems().values())


# --- the API

BASE = f"/api/v1/stores/{STORE}"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def http(database_url):
    async with new_world(database_url) as world:
        await world.add_user("ann", Role.ADMIN)
        async with running_backend(world.url) as (_, http):
            assert (await sign_in(http, "ann")).status_code == 200
            yield http


def put_store(**changes):
    plan = layout().model_dump(mode="json") | changes
    return {"content": json.dumps({"layout": plan, "devices": [], "rules": []}), "headers": JSON}


def sign_in_with(user_name, password):
    return {"content": json.dumps({"user_name": user_name, "password": password}), "headers": JSON}


API_CASES = [
    ("POST", "/api/v1/session", sign_in_with("ann\0", PASSWORD), 422, "control characters"),
    ("POST", "/api/v1/session", sign_in_with("\ud800", PASSWORD), 422, "unicode"),
    ("POST", "/api/v1/session", sign_in_with("ann", f"{PASSWORD}\ud800"), 401, "user name or password"),
    ("POST", "/api/v1/session", {"content": "user_name=ann"}, 422, "Content-Type: application/json"),
    ("POST", "/api/v1/session", {"content": b'{"a": "\xff"}', "headers": JSON}, 400, "not UTF-8"),
    ("POST", "/api/v1/session", {"content": b"[" * 60_000, "headers": JSON}, 400, "nested too deep"),
    ("PUT", BASE, put_store(name="Berlin\0"), 422, "control characters"),
    ("PUT", BASE, put_store(name="\x1b[31mBerlin"), 422, "control characters"),
    ("PUT", BASE, put_store(time_zone="../../etc/passwd"), 422, "is no time zone"),
    ("PUT", BASE, put_store(floor={"size_m": [float("nan"), 6]}), 422, "finite number|less than"),
    ("GET", "/api/v1/stores/", {}, 404, "nothing at"),
    ("GET", "/api/v1/stores/a'%20OR%201=1--/live", {}, 422, "pattern"),
    ("GET", "/api/v1/stores/a%00/live", {}, 422, "pattern"),
    ("GET", f"{BASE}%0a/live", {}, 422, "pattern"),
    ("GET", f"{BASE}/alerts?limit=100000000", {}, 422, "less than or equal"),
    ("GET", f"{BASE}/alerts?after=99999999999999999999999", {}, 422, "less than or equal"),
    ("GET", f"{BASE}/footfall?from=0001-01-01T00:00:00%2B23:59", {}, 422, "between the years"),
    ("GET", f"{BASE}/kpis?from=1e400", {}, 422, "datetime"),
    ("GET", f"{BASE}/readings/health_readings?after=garbage", {}, 422, "next of an earlier answer"),
    ("GET", f"{BASE}/readings/users", {}, 422, "footfall_counts"),
    ("GET", "/static/%2e%2e/%2e%2e/pyproject.toml", {}, 404, "nothing at"),
    ("GET", "/static/a%00.js", {}, 404, "nothing at"),
    ("TRACE", "/api/v1/session", {}, 405, "not possible"),
    ("POST", f"{BASE}/alerts/1/acknowledge", {"headers": {"Sec-Fetch-Site": "cross-site"}}, 403, "another site"),
    ("POST", f"{BASE}/alerts/1;drop/acknowledge", {}, 422, "integer"),
]  # fmt: skip


async def test_the_api_names_what_is_wrong_in_the_one_shape(http):
    for method, path, options, status, says in API_CASES:
        answer = await http.request(method, path, **options)
        case = f"{method} {path} {options}: {answer.status_code} {answer.text[:300]}"
        told = models.ErrorBody.model_validate_json(answer.content).error
        assert answer.status_code == status, case
        assert any(part in told.message for part in says.split("|")), case
        assert "Traceback" not in answer.text, case
        assert PASSWORD not in answer.text, case
        assert answer.headers["X-Content-Type-Options"] == "nosniff", case
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], case


# --- commands

CLI = [sys.executable, "-m", "storesense_contracts.cli"]


def run(*argv, stdin=b"", **environment):
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("STORESENSE_")}
    done = subprocess.run(
        [*CLI, *argv], input=stdin, capture_output=True, env=quiet | environment, timeout=110, check=False
    )
    return done.returncode, done.stderr.decode()


NOWHERE = "postgresql://storesense:very-secret@127.0.0.1:1/storesense"


@pytest.mark.parametrize(
    ("argv", "environment", "code", "says"),
    [
        (("db", "migrate"), {}, 2, "STORESENSE_DATABASE_URL: is not set"),
        (("db", "status"), {"STORESENSE_DATABASE_URL": "nonsense"}, 2, "write postgresql://"),
        (("db", "migrate"), {"STORESENSE_DATABASE_URL": NOWHERE}, 5, "start it, or correct host and port"),
        (("backend", "run"), {"STORESENSE_DATABASE_URL": NOWHERE, "STORESENSE_BACKEND_PORT": "0"}, 5, "start it"),
        (("alerts", "run"), {"STORESENSE_DATABASE_URL": NOWHERE, "STORESENSE_ALERTS_HTTP_PORT": "0"}, 5, "start it"),
        (("backend", "run"), {"STORESENSE_BACKEND_PROT": "1"}, 2, "STORESENSE_BACKEND_PROT: no such setting"),
        (("demo", "--site", "/nowhere.yaml"), {}, 2, "there is no such file"),
    ],
)
def test_a_command_that_cannot_says_why_and_what_to_do(argv, environment, code, says):
    got, told = run(*argv, **environment)
    assert (got, says in told) == (code, True), told
    assert "Traceback" not in told
    assert "very-secret" not in told


@pytest.mark.parametrize(
    ("argv", "setting", "code"),
    [
        (("gateway", "run"), "STORESENSE_GATEWAY_HTTP_PORT", 2),
        (("backend", "run"), "STORESENSE_BACKEND_PORT", 6),
        (("alerts", "run"), "STORESENSE_ALERTS_HTTP_PORT", 6),
    ],
)
def test_a_port_that_is_taken_is_named_with_its_setting(argv, setting, code):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        got, told = run(*argv, STORESENSE_DATABASE_URL=NOWHERE, **{setting: str(port)})
    assert (got, f"127.0.0.1:{port}" in told, setting in told) == (code, True, True), told
    assert "Traceback" not in told


@pytest.mark.parametrize("command", [("backend", "run"), ("alerts", "run"), ("backend", "user", "list")])
def test_an_empty_database_is_told_with_the_command_that_fills_it(empty_database_url, command):
    ports = {"STORESENSE_BACKEND_PORT": "0", "STORESENSE_ALERTS_HTTP_PORT": "0"}
    got, told = run(*command, STORESENSE_DATABASE_URL=empty_database_url, **ports)
    assert (got, "run: storesense db migrate" in told) == (5, True), told
    assert SecretStr(empty_database_url).get_secret_value() not in told


BLOCKED = """
import sys
from importlib.abc import MetaPathFinder
class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from storesense_contracts.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("module", "argv", "extra"),
    [
        ("cv2", ("edge", "check", "--site", "SITE"), "edge"),
        ("psycopg", ("gateway", "run"), "gateway"),
        ("prometheus_client", ("gateway", "run"), "gateway"),
        ("fastapi", ("backend", "run"), "backend"),
        ("httptools", ("backend", "run"), "backend"),
        ("argon2", ("backend", "run"), "backend"),
        ("rich", ("demo", "--for", "1"), "simulators"),
    ],
)
def test_a_missing_part_is_named_with_the_extra_that_brings_it(module, argv, extra, tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text("version: 1\n")
    given = [str(site) if part == "SITE" else part for part in argv]
    environment = os.environ | {"STORESENSE_DATABASE_URL": NOWHERE}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, module, *given], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 3, done.stderr
    assert f"{module} is not installed; install it with: pip install 'storesense[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
