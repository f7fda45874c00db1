"""What each kind of channel does with a message, and with whoever answers badly."""

import asyncio
import threading
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from storesense_backend.notify.senders import apprise as apprise_sender
from storesense_backend.notify.senders.mqtt import MqttSender, section_messages
from storesense_backend.notify.senders.port import Parcel, SendError, Way
from storesense_backend.notify.senders.webhook import WebhookSender, check_address
from storesense_backend.notify.signing import verify
from storesense_backend.notify.wording import _ALERT_FIELDS, Notice, Text, payload_of
from storesense_contracts.alert_messages import decode_section_alerts, encode_section_alerts

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def way(**secrets):
    return Way(channel_id=1, store_id="s1", version=1, config={}, secrets=secrets)


def parcel(**values):
    payload = {"version": 1, "key": "1:opened:0", "event": "opened"}
    return Parcel(
        key="1:opened:0", payload=payload, text=Text("Queue", "Open a lane"), severity="warning", sent_at=AT, **values
    )


@asynccontextmanager
async def answering(answer):
    """A server that answers every request with these bytes, or with nothing if there are none."""
    seen, writers = [], []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        )
        writers.append(writer)
        seen.append((head, await reader.readexactly(length)))
        if answer:
            writer.write(answer)
            await writer.drain()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?token=hidden", seen
    finally:
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()


async def post(url, *, timeout_s=5.0):
    sender = WebhookSender(hosts=(), now=lambda: AT, timeout_s=timeout_s)
    signing = [{"secret": "new", "until": None}, {"secret": "old", "until": "2026-11-20T13:00:00+00:00"}]
    try:
        await sender.send(
            way(url=url, signing=[*signing, {"secret": "gone", "until": "2026-11-20T11:00:00+00:00"}]), parcel()
        )
    finally:
        await sender.close()


async def test_a_webhook_is_signed_by_both_secrets_and_carries_its_key():
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (url, seen):
        await post(url)
    ((head, body),) = seen
    headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:] if line)
    assert headers["idempotency-key"] == headers["x-storesense-key"] == "1:opened:0"
    signature = headers["x-storesense-signature"]
    assert verify(signature, body, ["new"], AT)
    assert verify(signature, body, ["old"], AT)
    assert not verify(signature, body, ["gone"], AT)


@pytest.mark.parametrize(
    ("answer", "is_final", "reason"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", False, "answered 503: busy"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n", True, "redirects are not followed"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", True, "answered 404"),
        (b"garbage\r\n\r\n", False, "RemoteProtocolError"),
        (b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 500_000, False, "answered 500: xxx"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n\x00\xff\x1b[31mab", False, "answered 500"),
        (b"", False, "no answer within 0.3 s"),
    ],
)
async def test_bad_answers_are_errors_that_tell_no_secret(answer, is_final, reason):
    async with answering(answer) as (url, _):
        with pytest.raises(SendError, match=reason) as caught:
            await post(url, timeout_s=0.3 if not answer else 5.0)
    assert caught.value.is_final is is_final
    assert "hidden" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "ftp://example.org/",
        "http://",
        "http://example.org:99999/",
    ],
)
async def test_addresses_that_are_never_asked(url):
    with pytest.raises(SendError) as caught:
        await check_address(url, ())
    assert caught.value.is_final


async def test_only_the_hosts_that_are_named_are_asked():
    await check_address("http://127.0.0.1:1/", ["127.0.0.1"])
    with pytest.raises(SendError, match="STORESENSE_NOTIFY_WEBHOOK_HOSTS"):
        await check_address("http://127.0.0.1:1/", ["example.org"])


def test_apprise_knows_its_services_and_is_not_used_inwards():
    assert apprise_sender.check_url("ntfy://topic") is None
    assert apprise_sender.check_url("tgram://123456789:abcdefg_hijklmnop/12315544/") is None
    for url in ("nonsense://x", "file:///etc/passwd", "jsons://example.org", "syslog://"):
        assert apprise_sender.check_url(url)


async def test_an_apprise_service_that_hangs_holds_one_thread_and_one_channel(monkeypatch):
    release, calls = threading.Event(), []

    class Service:
        def add(self, _url):
            return True

        def notify(self, **said):
            calls.append(said)
            return release.wait(5)

    class Apprise:
        Apprise = Service

    monkeypatch.setattr(apprise_sender, "load_apprise", lambda: Apprise)
    sender = apprise_sender.AppriseSender(timeout_s=0.05)
    with pytest.raises(SendError, match="no answer"):
        await sender.send(way(url="x://"), parcel())
    with pytest.raises(SendError, match="still hangs"):
        await sender.send(way(url="x://"), parcel())
    thread = sender._busy[1]
    release.set()
    await asyncio.to_thread(thread.join, 5)
    await sender.send(way(url="x://"), parcel())
    assert calls == [{"title": "Queue", "body": "Open a lane", "notify_type": "warning"}] * 2


async def test_screens_get_what_stands_in_the_section():
    standing = {
        "alert_id": 1,
        "kind": "low_stock",
        "subject_id": "slot-1",
        "severity": "warning",
        "state": "open",
        "opened_at": AT,
        "title": "Oats",
        "action": "Bring 3",
    }
    alert = {"alert_id": 1, "section_id": "front"}
    notice = Notice("1:opened:0", "opened", 0, AT, alert)
    (message,) = section_messages("s1", parcel(notices=(notice,), standing={"front": [standing]}))
    again = decode_section_alerts(encode_section_alerts(message))
    assert (again.section_id, again.event, again.alert_id, again.alerts[0].title) == ("front", "opened", 1, "Oats")
    with pytest.raises(SendError, match="STORESENSE_NOTIFY_MQTT"):
        await MqttSender(None, client_id="x", timeout_s=1).send(way(), parcel())


def test_a_digest_has_its_own_key_and_each_event_its_own():
    alert = dict.fromkeys(_ALERT_FIELDS) | {
        "kind": "queue_too_long",
        "details": {"length": 6},
        "severity": "warning",
        "messages": None,
    }
    notices = [Notice(f"{n}:opened:0", "opened", 0, AT, alert) for n in (1, 2)]
    told = payload_of("digest:9", notices, "en", AT)
    assert (told["key"], told["event"]) == ("digest:9", "digest")
    assert [each["key"] for each in told["notifications"]] == ["1:opened:0", "2:opened:0"]
