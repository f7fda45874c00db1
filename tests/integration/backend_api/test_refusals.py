"""What the backend answers when a request is wrong or something fails: one shape, no details."""

import pytest

from fixtures.backend_api import BASE, assert_error
from fixtures.backend_world import PASSWORD, running_backend
from storesense_backend.api import models
from storesense_backend.roles import Role

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
