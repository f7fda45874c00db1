"""Dead letters are replayed once, through the tables and the ledger of a real database."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest

from fixtures.gateway_messages import NOW, TOPIC, footfall, incoming, message
from storesense_contracts.cli import main
from storesense_contracts.clock import ManualClock
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import DeadLetter, Entry
from storesense_gateway.replay_store import ReplayStatus, ReplayStore
from storesense_gateway.replayer import Replayer

LIMITS = Limits()


@pytest.fixture(params=["database_url", "timescale_url"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def store(url: str) -> Iterator[ReplayStore]:
    store = ReplayStore(url, partition_no=0)
    yield store
    store.close()


def query(url: str, text: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text, values or None)
        return cursor.fetchall() if cursor.description else []


def commit(store: ReplayStore, payload: bytes, topic: str = TOPIC) -> None:
    decoded = decode(incoming(payload, topic=topic), LIMITS)
    if isinstance(decoded, DeadLetter):
        store.commit([], [decoded])
    else:
        assert isinstance(decoded, Entry)
        store.commit([decoded], [])


ROWS: LiteralString = "SELECT seq, idx, in_count, measured_at FROM footfall_counts ORDER BY seq, idx"


def test_a_future_reading_is_quarantined_and_replayed_once_at_its_place(store: ReplayStore, url: str) -> None:
    ahead = footfall(measured_at=(NOW + timedelta(hours=2)).isoformat(), in_count=9)
    commit(store, message([footfall(), ahead, footfall()], seq=4))
    store.close()
    assert [row[:2] for row in query(url, ROWS)] == [(4, 0), (4, 2)]
    (letter,) = store.letters(limit=10, stage="future")
    refused = store.replay(letter.dead_letter_id, LIMITS, now=NOW)
    assert refused.status is ReplayStatus.REFUSED
    done = store.replay(letter.dead_letter_id, LIMITS, now=NOW, shift_ms=-7_200_000)
    assert (done.status, done.readings) == (ReplayStatus.REPLAYED, 1)
    again = store.replay(letter.dead_letter_id, LIMITS, now=NOW, shift_ms=-7_200_000)
    assert again.status is ReplayStatus.ALREADY
    store.close()
    assert [(row[0], row[1], row[2]) for row in query(url, ROWS)] == [(4, 0, 1), (4, 1, 9), (4, 2, 1)]
    assert {row[3] for row in query(url, ROWS)} == {NOW}
    assert [row[0].endswith("stored") for row in query(url, "SELECT replay_outcome FROM dead_letters")] == [True]


def test_a_message_on_a_topic_that_a_later_release_knows_is_stored_whole(store: ReplayStore, url: str) -> None:
    commit(store, message([footfall(), footfall(in_count=-1)], seq=1), topic=TOPIC.replace("footfall", "weather"))
    store.close()
    query(url, "UPDATE dead_letters SET topic = %s", TOPIC)  # as if this release knew the stream
    (letter,) = store.letters(limit=10)
    assert store.replay(letter.dead_letter_id, LIMITS, now=NOW).readings == 1
    store.close()
    assert [row[:3] for row in query(url, ROWS)] == [(1, 0, 1)]
    assert query(url, "SELECT stage, idx FROM dead_letters ORDER BY 1") == [("reading", 1), ("topic", None)]
    assert query(url, "SELECT committed::text FROM device_boots") == [("{[1,2)}",)]


def test_a_letter_whose_header_was_unreadable_goes_by_the_ledger(store: ReplayStore, url: str) -> None:
    payload = message([footfall()], seq=2)
    for _ in range(2):
        commit(store, b"{" + payload)
    store.close()
    query(url, "UPDATE dead_letters SET payload = %s, payload_bytes = %s", payload, len(payload))
    replays = [store.replay(each.dead_letter_id, LIMITS, now=NOW) for each in store.letters(limit=10)]
    assert [each.readings for each in replays] == [1, 0], "two copies of one message are one message"
    store.close()
    assert [row[:2] for row in query(url, ROWS)] == [(2, 0)]


def test_what_was_asked_for_is_done_once_and_a_refusal_is_told(store: ReplayStore, url: str) -> None:
    ahead = footfall(measured_at=(NOW + timedelta(hours=2)).isoformat())
    commit(store, message([ahead, footfall(in_count=-1)], seq=4))
    store.close()
    query(url, "UPDATE dead_letters SET replay_requested_at = now(), replay_shift_ms = -7200000")
    assert sorted(each.status for each in store.replay_requested(LIMITS, NOW)) == ["refused", "replayed"]
    assert store.replay_requested(LIMITS, NOW) == []
    store.close()
    assert [row[:2] for row in query(url, ROWS)] == [(4, 0)]
    outcomes = dict(query(url, "SELECT stage, replay_outcome FROM dead_letters"))
    assert outcomes["future"] == "1 readings stored"
    assert "still cannot be used" in outcomes["reading"]


def test_the_commands_list_show_and_replay(store: ReplayStore, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*args: str) -> tuple[int, dict[str, Any]]:
        code = main(["gateway", "dead-letters", *args, "--database", url, "--json"])
        return code, json.loads(capsys.readouterr().out.splitlines()[-1])

    ahead = footfall(measured_at=(datetime.now(UTC) + timedelta(hours=2)).isoformat())
    commit(store, message([ahead], seq=4))
    store.close()
    code, listed = run("list", "--stage", "future", "--store", "store-1", "--from", "2026-01-01T00:00:00Z")
    (letter,) = listed["dead_letters"]
    assert (code, letter["seq"], letter["idx"]) == (0, 4, 0)
    assert run("list", "--stage", "body")[1] == {"dead_letters": []}
    number = str(letter["dead_letter_id"])
    assert '"line_id":"door"' in run("show", number)[1]["payload_text"]
    assert run("replay", number)[0] == 1
    code, done = run("replay", number, "--shift-s", "-7200")
    assert (code, done["replays"][0]["status"], done["replays"][0]["readings"]) == (0, "replayed", 1)
    assert run("replay", number)[1]["replays"][0]["status"] == "already_replayed"
    assert run("list")[1] == {"dead_letters": []}
    assert len(run("list", "--all")[1]["dead_letters"]) == 1


def test_the_replayer_does_what_was_asked_for(store: ReplayStore, url: str) -> None:
    commit(store, message([footfall(in_count=-1)], seq=4))
    store.close()
    query(url, "UPDATE dead_letters SET replay_requested_at = now()")
    replayer = Replayer(store, LIMITS, clock=ManualClock(NOW))
    assert (replayer.look(), replayer.look()) == (1, 0)
