"""Each way out against a real server of its kind on this machine: what arrives, and what a refusal becomes."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import SMTP
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fixtures.mqtt_client import BlockingClient
from storesense_backend.listening import Server, address_of, listen_on
from storesense_backend.notify import web_push
from storesense_backend.notify.senders.apprise import AppriseSender
from storesense_backend.notify.senders.mqtt import MqttSender
from storesense_backend.notify.senders.port import Parcel, SendError, Way
from storesense_backend.notify.senders.web_push import WebPushSender
from storesense_backend.notify.senders.webhook import WebhookSender
from storesense_backend.notify.web_push import from_base64url, to_base64url
from storesense_backend.notify.wording import Notice, Text
from storesense_contracts.alert_messages import decode_section_alerts
from storesense_contracts.settings import BrokerSettings

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TEXT = Text("收银台：6 人在排队", "再开一个收银台")


def way(**secrets):
    return Way(channel_id=1, store_id="s1", version=1, config={}, secrets=secrets)


def parcel(event="opened", **values):
    key = f"7:{event}:0"
    return Parcel(key=key, payload={"event": event}, text=TEXT, severity="critical", sent_at=AT, **values)


@asynccontextmanager
async def http_server():
    """A server that keeps what it is sent, and answers as told."""
    seen, answers = [], []

    async def take(request: Request) -> Response:
        seen.append((request.url.path, dict(request.headers), await request.body()))
        return Response(b'{"id": "1"}', status_code=answers.pop(0) if answers else 200)

    listener = listen_on("127.0.0.1", 0, setting="port")
    server = Server(Starlette(routes=[Route("/{path:path}", take, methods=["POST", "PUT"])]), graceful_s=1)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield address_of(listener), seen, answers
    finally:
        server.end()
        await serving


class Mailbox:
    """What an SMTP server took, or why it took nothing."""

    def __init__(self):
        self.mails = []
        self.refusal = None

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 -- the name that the server asks for
        if self.refusal is not None:
            return self.refusal
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


async def test_an_e_mail_arrives_with_its_title_and_text_and_a_refusal_is_an_error():
    mailbox = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox, hostname="localhost"), "127.0.0.1", 0)
    sender = AppriseSender(timeout_s=20)
    try:
        port = server.sockets[0].getsockname()[1]
        url = f"mailto://127.0.0.1:{port}?from=alerts@shop.example&to=ada@shop.example&mode=insecure"
        await sender.send(way(url=url), parcel())
        ((recipients, mail),) = mailbox.mails
        assert recipients == ["ada@shop.example"]
        assert mail["Subject"] == TEXT.title
        assert TEXT.body in mail.get_body(("plain", "html")).get_content()
        mailbox.refusal = "550 no such shop"
        with pytest.raises(SendError, match="did not take it"):
            await sender.send(way(url=url), parcel())
    finally:
        server.close()
        await server.wait_closed()
    with pytest.raises(SendError, match="did not take it") as caught:
        await sender.send(way(url=url), parcel())
    assert "shop.example" not in caught.value.reason


async def test_a_push_service_of_the_kind_of_ntfy_gets_title_and_text():
    sender = AppriseSender(timeout_s=20)
    async with http_server() as (address, seen, answers):
        url = f"ntfy://{address.removeprefix('http://')}/tills"
        await sender.send(way(url=url), parcel())
        ((_, _, body),) = seen
        told = json.loads(body)
        assert (told["topic"], told["title"]) == ("tills", TEXT.title)
        assert TEXT.body in told["message"]
        answers.append(503)
        with pytest.raises(SendError, match="did not take it"):
            await sender.send(way(url=url), parcel())


async def test_a_screen_finds_what_stands_on_its_topic_whenever_it_comes(mqtt_broker):
    standing = {
        "alert_id": 7,
        "kind": "queue_too_long",
        "subject_id": "tills",
        "severity": "critical",
        "state": "open",
        "opened_at": AT,
        "title": TEXT.title,
        "action": TEXT.body,
    }
    notice = Notice("7:opened:0", "opened", 0, AT, {"alert_id": 7, "section_id": "front"})
    settings = BrokerSettings(port=mqtt_broker.port, user_name="alerts", password=mqtt_broker.password("alerts"))
    sender = MqttSender(settings, client_id="worker", timeout_s=10)

    def look(client_id):
        password = mqtt_broker.password("backend").get_secret_value()
        with BlockingClient(mqtt_broker.port, "backend", password, client_id=client_id) as screen:
            screen.subscribe("storesense/v1/s1/alerts/front")
            topic, payload = screen.messages.get(timeout=30)
            return topic, decode_section_alerts(payload)

    try:
        await sender.send(way(), parcel(notices=(notice,), standing={"front": [standing]}))
        topic, told = await asyncio.to_thread(look, "screen-1")
        assert topic == "storesense/v1/s1/alerts/front"
        assert (told.key, told.event, told.alert_id) == ("7:opened:0", "opened", 7)
        assert [(each.title, each.severity) for each in told.alerts] == [(TEXT.title, "critical")]
        await sender.send(way(), parcel("resolved", notices=(notice,), standing={"front": []}))
        _, told = await asyncio.to_thread(look, "screen-2")
        assert (told.event, told.alerts) == ("resolved", []), "a screen that comes later sees that it is over"
    finally:
        await sender.close()


async def test_a_broker_that_refuses_the_account_is_an_error(mqtt_broker):
    settings = BrokerSettings(port=mqtt_broker.port, user_name="alerts", password=SecretStr("another"))
    sender = MqttSender(settings, client_id="worker", timeout_s=1)
    notice = Notice("7:opened:0", "opened", 0, AT, {"alert_id": 7, "section_id": "front"})
    try:
        with pytest.raises(SendError, match="broker"):
            await sender.send(way(), parcel(notices=(notice,), standing={"front": []}))
    finally:
        await sender.close()


async def test_a_browser_reads_its_push_and_one_that_left_is_gone():
    browser, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    auth = bytes(range(16))
    secrets = {
        "p256dh": to_base64url(web_push.public_bytes(browser.public_key())),
        "auth": to_base64url(auth),
    }
    http = WebhookSender(hosts=("127.0.0.1",), now=lambda: AT, timeout_s=10)
    sender = WebPushSender(http=http, key=server_key, subject="mailto:it@shop.example", now=lambda: AT)
    notice = Notice("7:opened:0", "opened", 0, AT, {"alert_id": 7})
    try:
        async with http_server() as (address, seen, answers):
            browsers = way(endpoint=f"{address}/push/ada", **secrets)
            await sender.send(browsers, parcel(notices=(notice,)))
            ((path, headers, body),) = seen
            plain = json.loads(web_push.decrypt(body, key=browser, auth=auth))
            assert (path, headers["content-encoding"], headers["urgency"]) == ("/push/ada", "aes128gcm", "high")
            assert int(headers["ttl"]) > 0
            assert (plain["title"], plain["body"], plain["key"]) == (TEXT.title, TEXT.body, "7:opened:0")
            assert (plain["alert_id"], plain["store_id"], plain["severity"]) == (7, "s1", "critical")
            check_vapid(headers["authorization"], server_key, address)
            for status in (404, 410):
                answers.append(status)
                with pytest.raises(SendError) as caught:
                    await sender.send(browsers, parcel(notices=(notice,)))
                assert (caught.value.is_final, caught.value.is_gone) == (True, True), status
            answers.append(429)
            with pytest.raises(SendError) as caught:
                await sender.send(browsers, parcel(notices=(notice,)))
            assert not caught.value.is_final, "too many for now; later it may go"
    finally:
        await sender.close()


def check_vapid(header, key, audience):
    """Check as a push service does that the header was signed by the key that the page subscribed with."""
    token, public = (part.split("=", 1)[1] for part in header.removeprefix("vapid ").split(", "))
    assert from_base64url(public) == web_push.public_bytes(key.public_key())
    head, claims, signature = token.split(".")
    told = json.loads(from_base64url(claims))
    assert (told["aud"], told["sub"]) == (audience, "mailto:it@shop.example")
    raw = from_base64url(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    key.public_key().verify(encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
