"""Dead letters over the API, and their replay."""

from fixtures.backend_api import DAY, NOW, assert_error, get, insert_letter
from fixtures.backend_world import STORE
from storesense_backend.api import dead_letter_models


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
