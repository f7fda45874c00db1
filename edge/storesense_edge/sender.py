"""Joins the uplink with the connection to the broker: publishes what is due and passes on what comes back."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from storesense_contracts import topics
from storesense_contracts.ids import BootId
from storesense_contracts.messages import (
    DeviceState,
    DeviceStatus,
    PayloadError,
    decode_ack,
    encode_message,
    encode_struct,
)
from storesense_contracts.topics import UP_DELIVERY, DownStream, Stream
from storesense_edge.clock_offset import ClockEpochs, ClockOffset, SentInstants, base_us, shift_us, shifted_readings
from storesense_edge.mqtt import BrokerConnection
from storesense_edge.mqtt_client import Publication
from storesense_edge.outbox_errors import OutboxError
from storesense_edge.uplink import ReadRequest, SendOrder, Uplink, UplinkLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from storesense_contracts.clock import Clock
    from storesense_contracts.ids import DeviceId, StoreId
    from storesense_contracts.mqtt import BrokerError
    from storesense_contracts.settings import BrokerSettings
    from storesense_edge.outbox_message import OutboxMessage, OutboxOpened
    from storesense_edge.outbox_news import OutboxNews
    from storesense_edge.outbox_writer import OutboxWriter
    from storesense_edge.settings import LinkSettings

_logger = logging.getLogger(__name__)

_GOODBYE_S = 1.0
_RIGHT_CLOCK_MS = 60_000
"""Close enough for ages of days."""
_READ_AGAIN_S = 1.0
CLONED = (
    "Another process sends under this one's boot: its memory was copied while it ran, and of two readings under one "
    "number only one is stored. Restart this agent; the other one will find out as well."
)


class Sender:
    """The sending half of a link; all of it runs on the event loop.

    Args:
        store_id: the store.
        device_id: the device.
        boot_id: this process start.
        broker: address, user name and password.
        opened: what the outbox held.
        writer: where backlog is read from and acknowledged messages are deleted.
        clock: tells the time.
        settings: window and times.
    """

    def __init__(
        self,
        *,
        store_id: StoreId,
        device_id: DeviceId,
        boot_id: BootId,
        broker: BrokerSettings,
        opened: OutboxOpened,
        writer: OutboxWriter,
        clock: Clock,
        settings: LinkSettings,
    ) -> None:
        self.on_config: Callable[[bytes], None] | None = None
        self.on_command: Callable[[bytes], None] | None = None
        self._command_topic = topics.down(store_id, device_id, DownStream.COMMAND)
        self._config_topic = topics.down(store_id, device_id, DownStream.CONFIG)
        self._boot_no = opened.boot_no
        self.epochs = ClockEpochs()
        self._offset = ClockOffset()
        self._instants = SentInstants()
        self.is_cloned = False
        self._threshold_s = settings.clock_threshold_s
        self._name = topics.user_name(store_id, device_id)
        self._boot_id = boot_id
        self._boots = opened.boots
        self._writer = writer
        self._clock = clock
        self._topics = {stream: topics.up(store_id, device_id, stream) for stream in Stream}
        rng = random.Random()  # noqa: S311 -- spreads retries, guards nothing
        self._uplink = Uplink(
            boot_no=opened.boot_no,
            limits=UplinkLimits(
                window=settings.window,
                resend_base_s=settings.resend_base_s,
                resend_limit_s=settings.resend_limit_s,
            ),
            rng=rng,
        )
        self._uplink.declare(opened.drops)
        self._connection = BrokerConnection(
            broker,
            # No id contains a colon, so this is unique; some brokers refuse a slash in a client id.
            client_id=f"{store_id}:{device_id}",
            will=self._status(DeviceState.OFFLINE),
            subscriptions=(
                topics.down(store_id, device_id, DownStream.ACK),
                self._config_topic,
                self._command_topic,
            ),
            listener=self,
            settings=settings,
            rng=rng,
        )
        self._packets: dict[int, int] = {}
        self._farewell: tuple[int | None, asyncio.Event] = (None, asyncio.Event())
        self._wake = asyncio.Event()
        self._read_not_before_s = 0.0
        self.sent = 0
        self.resent = 0

    @property
    def is_connected(self) -> bool:
        """Whether the broker has us."""
        return self._connection.is_up

    @property
    def problem(self) -> BrokerError | None:
        """Why there is no connection; None while there is one, and at first."""
        return self._connection.problem

    @property
    def clock_offset_ms(self) -> int | None:
        """How far the gateway's clock is ahead of ours, milliseconds; None while that is not known."""
        now_s = self._clock.monotonic_s()
        return self._offset.offset_ms(base_us(self._clock.now(), now_s), now_s)

    async def run(self) -> None:
        """Send for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._connection.run(), name=f"broker {self._name}")
            group.create_task(self._pump(), name=f"uplink {self._name}")

    def hear(self, news: OutboxNews) -> None:
        """Take the outbox's news: what may be sent, what was dropped, whether it was replaced."""
        if news.reopened is not None:
            self._boots = news.reopened.boots
            self._uplink.forget_all()
        self._uplink.stored(news.ready)
        self._uplink.declare(news.drops)
        if news.recovered:
            self._uplink.rescan()
        self._wake.set()

    async def say_goodbye(self) -> None:
        """Tell the broker that the device goes offline, since a will speaks only for the dead."""
        packet_no = self._connection.publish(self._status(DeviceState.OFFLINE))
        if packet_no is None:
            return
        self._farewell = (packet_no, asyncio.Event())
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await self._farewell[1].wait()
        except TimeoutError:
            _logger.info("%s: the broker did not confirm the goodbye.", self._name)

    # ---- told by the connection

    def on_up(self) -> None:
        """See ConnectionListener."""
        self._packets.clear()
        self._connection.publish(self._status(DeviceState.ONLINE))
        self._uplink.connected(self._clock.monotonic_s())
        self._wake.set()

    def on_down(self) -> None:
        """See ConnectionListener."""
        self._packets.clear()
        self._uplink.disconnected()

    def on_published(self, packet_no: int) -> None:
        """See ConnectionListener."""
        if packet_no == self._farewell[0]:
            self._farewell[1].set()
        number = self._packets.pop(packet_no, None)
        if number is not None:
            self._uplink.published(number)
            self._wake.set()

    def on_message(self, topic: str, payload: bytes) -> None:
        """See ConnectionListener: a commit ack, the device's configuration, or a command."""
        if topic == self._command_topic:
            if self.on_command is not None:
                self.on_command(payload)
            return
        if topic == self._config_topic:
            if self.on_config is not None and payload:
                self.on_config(payload)
            return
        try:
            ack = decode_ack(payload)
        except PayloadError as exc:
            _logger.warning("%s: an ack on %s cannot be read and is ignored: %s", self._name, topic, exc)
            return
        if ack.boot_id == self._boot_id and not self.is_cloned and self._instants.is_foreign(ack.echo_sent_at):
            self.is_cloned = True
            _logger.error("%s: %s", self._name, CLONED)
        now_s = self._clock.monotonic_s()
        self._offset.acked(ack.echo_sent_at, ack.received_at, now_s)
        offset_ms = self.clock_offset_ms
        if offset_ms is not None and abs(offset_ms) <= _RIGHT_CLOCK_MS:
            self._writer.trust_clock()
        boot_no = self._boots.get(BootId(ack.boot_id))
        if boot_no is None:
            return  # of a boot whose messages have all been acknowledged before
        declared = self._uplink.acked(boot_no, ack.ranges, now_s)
        self._writer.forget([(boot_no, first, last) for first, last in ack.ranges], declared)
        self._wake.set()

    # ---- inside

    async def _pump(self) -> None:
        while True:
            self._wake.clear()
            now_s = self._clock.monotonic_s()
            for order in self._uplink.due(now_s):
                self._publish(order)
            self._read_backlog(now_s)
            due_s = self._uplink.next_due_s()
            try:
                async with asyncio.timeout(None if due_s is None else max(0.0, due_s - now_s)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _publish(self, order: SendOrder) -> None:
        message = order.message
        now_at, now_s = self._clock.now(), self._clock.monotonic_s()
        present_us = base_us(now_at, now_s)
        sent_at = now_at + timedelta(microseconds=self._shift_us(present_us, present_us, now_s))
        recorded_us = self.epochs.base_us(message.seq) if message.boot_no == self._boot_no else None
        shift = 0 if recorded_us is None else self._shift_us(recorded_us, present_us, now_s)
        payload = encode_message(
            boot_id=message.boot_id,
            seq=message.seq,
            sent_at=sent_at,
            readings_json=shifted_readings(message.readings_json, shift) if shift else message.readings_json,
            dropped=order.dropped,
        )
        self._instants.add(sent_at)
        delivery = UP_DELIVERY[message.stream]
        packet_no = self._connection.publish(Publication(self._topics[message.stream], payload, delivery))
        if packet_no is None:
            # The connection has just gone; the next one begins with everything that is in flight.
            self._uplink.published(message.message_no)
            return
        self._packets[packet_no] = message.message_no
        self._offset.sent(sent_at, now_s)
        self.sent += 1
        self.resent += order.attempt > 1

    def _shift_us(self, recorded_us: int, present_us: int, now_s: float) -> int:
        bounds = self._offset.bounds(now_s)
        return shift_us(recorded_us, present_us, bounds, now_s=now_s, threshold_s=self._threshold_s)

    def _read_backlog(self, now_s: float) -> None:
        if not self.is_connected or now_s < self._read_not_before_s:
            return
        request = self._uplink.read_request()
        if request is None:
            return
        loop = asyncio.get_running_loop()
        future = self._writer.read(request.after_no, request.before_no, request.limit)
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(self._backlog_read, request, done))

    def _backlog_read(self, request: ReadRequest, done: Future[list[OutboxMessage]]) -> None:
        try:
            self._uplink.fill(request, done.result())
        except OutboxError as exc:
            _logger.warning("%s: the backlog cannot be read now: %s", self._name, exc)
            self._uplink.read_failed()
            self._read_not_before_s = self._clock.monotonic_s() + _READ_AGAIN_S
            asyncio.get_running_loop().call_later(_READ_AGAIN_S, self._wake.set)
        else:
            self._wake.set()

    def _status(self, state: DeviceState) -> Publication:
        status = DeviceStatus(boot_id=self._boot_id, state=state, software=f"storesense {version('storesense')}")
        return Publication(self._topics[Stream.STATUS], encode_struct(status), UP_DELIVERY[Stream.STATUS])
