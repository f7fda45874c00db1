"""Who may do what: sign-in, sessions, keys, roles, throttling, and requests from other sites' pages."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from fixtures.backend_world import ORIGIN, PASSWORD, STORE, new_world, running_backend, sign_in
from storesense_backend import accounts
from storesense_backend.roles import Role
from storesense_backend.tokens import digest
from storesense_contracts.clock import ManualClock


@pytest.fixture
async def world(database_url):
    async with new_world(database_url) as world:
        await world.add_user("ann", Role.MANAGER)
        yield world


@pytest.fixture
async def http(world):
    async with running_backend(world.url) as (_, http):
        yield http


def error_of(answer):
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) <= {"code", "message", "field"}
    assert body["error"]["message"]
    return answer.status_code, body["error"]["code"]


async def test_signing_in_and_out(world, http):
    answer = await sign_in(http, "ann")
    assert answer.status_code == 200
    assert answer.json() == {"user": {"user_name": "ann", "role": "manager"}}
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert (await http.get("/api/v1/session")).json()["user"]["user_name"] == "ann"
    token = http.cookies["storesense_session"]
    assert (await http.delete("/api/v1/session")).status_code == 204
    http.cookies.set("storesense_session", token)
    assert error_of(await http.get("/api/v1/session")) == (401, "not_signed_in")


async def test_only_a_digest_of_the_token_is_kept(world, http):
    await sign_in(http, "ann")
    rows = await world.rows("SELECT token_sha256 FROM sessions")
    assert [bytes(row["token_sha256"]) for row in rows] == [digest(http.cookies["storesense_session"])]


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_wrong_password_and_unknown_user_look_the_same(http, name):
    answer = await sign_in(http, name, "wrong password")
    assert error_of(answer) == (401, "wrong_password")
    assert answer.json()["error"]["message"] == "user name or password is wrong"
    assert "set-cookie" not in answer.headers


async def test_unknown_users_cost_a_check_too(world):
    async with running_backend(world.url) as (context, http):
        checked = []
        verify = context.passwords._verify
        context.passwords._verify = lambda *given: checked.append(given) or verify(*given)
        await sign_in(http, "nobody", "guess")
        await sign_in(http, "ann", "guess")
        assert len(checked) == 2
        assert all(password_hash.startswith("$argon2id$") for password_hash, _ in checked)


async def test_a_disabled_user_cannot_sign_in_nor_go_on(world, http):
    await sign_in(http, "ann")
    await world.connection.execute("UPDATE users SET disabled_at = now()")
    assert (await http.get("/api/v1/session")).status_code == 401
    assert error_of(await sign_in(http, "ann")) == (401, "wrong_password")


async def test_guessing_is_slowed_and_says_for_how_long(http):
    answers = [await sign_in(http, "ann", f"guess {n}") for n in range(7)]
    assert [a.status_code for a in answers] == [401] * 6 + [429]
    assert error_of(answers[-1]) == (429, "too_many_attempts")
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert error_of(await sign_in(http, "ann")) == (429, "too_many_attempts")


async def test_a_session_ends_unused_and_lives_on_used(world):
    clock = ManualClock(datetime(2026, 11, 20, 8, 0, tzinfo=UTC))
    async with running_backend(world.url, clock=clock, session_idle_hours=2, session_max_days=1) as (_, http):
        await sign_in(http, "ann")
        for _ in range(10):
            clock.advance(1.9 * 3600)
            assert (await http.get("/api/v1/session")).status_code == 200
        clock.advance(2.1 * 3600)
        assert (await http.get("/api/v1/session")).status_code == 401


async def test_no_session_lives_for_ever(world):
    clock = ManualClock(datetime(2026, 11, 20, 8, 0, tzinfo=UTC))
    async with running_backend(world.url, clock=clock, session_idle_hours=2, session_max_days=1) as (_, http):
        await sign_in(http, "ann")
        alive_hours = 0
        while (await http.get("/api/v1/session")).status_code == 200:
            clock.advance(3600)
            alive_hours += 1
        assert alive_hours == 24


async def test_a_new_password_ends_the_sessions(world, http):
    await sign_in(http, "ann")
    assert await accounts.set_password(world.connection, user_name="ann", password_hash="$argon2id$none")
    assert (await http.get("/api/v1/session")).status_code == 401


async def test_a_hash_with_old_parameters_is_renewed(world, http):
    from argon2 import PasswordHasher  # noqa: PLC0415

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await world.connection.execute("UPDATE users SET password_hash = %s", (weak,))
    assert (await sign_in(http, "ann")).status_code == 200
    rows = await world.rows("SELECT password_hash FROM users")
    assert rows[0]["password_hash"] != weak
    assert (await sign_in(http, "ann")).status_code == 200


async def test_machines_have_keys(world, http):
    key = await world.key(Role.STAFF)
    assert (await http.get("/api/v1/session", headers=key)).json()["user"] == {
        "user_name": "staff-key",
        "role": "staff",
    }
    rows = await world.rows("SELECT * FROM api_keys")
    assert key["Authorization"].removeprefix("Bearer ") not in str(rows)


@pytest.mark.parametrize(
    "header", ["Bearer ssk_nothing", "Bearer ", "Basic YTpi", "ssk_nothing", "Bearer \x00x", "Bearer " + "x" * 5000]
)
async def test_what_is_no_key_is_refused_even_beside_a_session(http, header):
    await sign_in(http, "ann")
    assert error_of(await http.get("/api/v1/session", headers={"Authorization": header})) == (401, "not_signed_in")


async def test_revoked_and_ended_keys_are_refused(world, http):
    now = datetime.now(UTC)
    revoked, ended = await world.key(Role.ADMIN, "revoked"), await world.key(Role.ADMIN, "ended")
    assert (await http.get("/api/v1/stores", headers=revoked)).status_code == 200
    assert await accounts.revoke_key(world.connection, name="revoked", now=now)
    await world.connection.execute(
        "UPDATE api_keys SET expires_at = %s WHERE name = 'ended'", (now - timedelta(seconds=1),)
    )
    for key in (revoked, ended):
        assert (await http.get("/api/v1/stores", headers=key)).status_code == 401


RULE = {"kind": "low_stock", "id": "low-stock"}


@pytest.mark.parametrize(
    ("method", "path", "body", "needed"),
    [
        ("GET", "/api/v1/stores", None, Role.VIEWER),
        ("GET", f"/api/v1/stores/{STORE}/live", None, Role.VIEWER),
        ("POST", f"/api/v1/stores/{STORE}/alerts/1/acknowledge", None, Role.STAFF),
        ("PUT", f"/api/v1/stores/{STORE}/rules/low-stock", RULE, Role.MANAGER),
        ("PUT", f"/api/v1/stores/{STORE}", {}, Role.ADMIN),
        ("GET", "/api/v1/dead-letters", None, Role.ADMIN),
        ("POST", "/api/v1/dead-letters/1/replay", {}, Role.ADMIN),
    ],
)
async def test_roles(world, http, method, path, body, needed):
    for role in Role:
        answer = await http.request(method, path, json=body, headers=await world.key(role))
        if role.covers(needed):
            assert answer.status_code not in (401, 403), role
        else:
            assert error_of(answer) == (403, "forbidden"), role


@pytest.mark.parametrize(
    ("headers", "is_allowed", "reason"),
    [
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, True, "a page of ours, as browsers say it"),
        ({"Origin": ORIGIN}, True, "an older browser, or plain HTTP"),
        ({"Sec-Fetch-Site": "same-origin"}, True, "the browser vouches"),
        ({"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}, False, "another site"),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"}, False, "a neighbouring subdomain"),
        ({"Origin": "https://evil.test"}, False, "another site in an older browser"),
        ({"Origin": "null"}, False, "a sandboxed frame"),
        ({"Origin": ORIGIN + ":81"}, False, "another port"),
        ({}, False, "nobody vouches"),
    ],
)
async def test_other_sites_pages_change_nothing(world, http, headers, is_allowed, reason):
    await sign_in(http, "ann")
    alert_id = await world.insert_alert()
    path = f"{ORIGIN}/api/v1/stores/{STORE}/alerts/{alert_id}/acknowledge"
    request = httpx.Request(
        "POST", path, headers=headers | {"Cookie": f"storesense_session={http.cookies['storesense_session']}"}
    )
    answer = await http.send(request)
    assert (answer.status_code == 200) is is_allowed, reason
    if not is_allowed:
        assert error_of(answer) == (403, "cross_site")
        assert (await world.rows("SELECT state FROM alerts"))[0]["state"] == "open"


async def test_other_sites_pages_sign_nobody_in(http):
    request = httpx.Request(
        "POST",
        f"{ORIGIN}/api/v1/session",
        json={"user_name": "ann", "password": PASSWORD},
        headers={"Origin": "https://evil.test"},
    )
    assert error_of(await http.send(request)) == (403, "cross_site")


async def test_the_public_origin_behind_a_proxy_counts_as_ours(world):
    async with running_backend(world.url, public_origin="https://stores.example.org") as (_, http):
        answer = await sign_in(http, "ann")
        assert "Secure" in answer.headers["set-cookie"]
        cookie = answer.headers["set-cookie"].split(";")[0]
        request = httpx.Request(
            "DELETE", f"{ORIGIN}/api/v1/session", headers={"Origin": "https://stores.example.org", "Cookie": cookie}
        )
        assert (await http.send(request)).status_code == 204


@pytest.mark.parametrize(
    ("client", "headers", "expected"),
    [
        (("127.0.0.1", 1), {}, 200),
        (("::1", 1), {}, 200),
        (("192.0.2.7", 1), {}, 401),
        (("127.0.0.1", 1), {"X-Forwarded-For": "192.0.2.7"}, 401),
    ],
)
async def test_metrics_are_for_this_machine_or_a_key(world, client, headers, expected):
    async with running_backend(world.url, client=client) as (_, http):
        answer = await http.get("/metrics", headers=headers)
        assert answer.status_code == expected
        with_key = await http.get("/metrics", headers=headers | await world.key(Role.VIEWER))
        assert with_key.status_code == 200
        assert "storesense_backend_requests_total" in with_key.text
