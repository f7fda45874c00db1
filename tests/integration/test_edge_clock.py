"""A link whose wall clock is wrong, against a real broker: what it measured arrives with the right time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from fixtures.stand_in_gateway import StandInGateway, footfall, open_link
from storesense_contracts.clock import SystemClock, to_epoch_us
from storesense_contracts.topics import Stream
from storesense_gateway.unset_clock import on_gateway_clock
from storesense_simulators.embedded.broker import EmbeddedBroker

NEAR = timedelta(seconds=3)


class WrongClock(SystemClock):
    """The machine's clock, off by ``error``, which may be changed as an operator or a dead battery would."""

    def __init__(self, error: timedelta) -> None:
        self.error = error

    def now(self) -> datetime:
        return super().now() + self.error


async def test_a_boot_at_1970_and_a_clock_that_jumps_are_put_right(mqtt_broker: EmbeddedBroker, tmp_path: Path) -> None:
    clock = WrongClock(datetime(1970, 1, 1, tzinfo=UTC) - datetime.now(UTC))
    truths = []

    def reading() -> object:
        truths.append(datetime.now(UTC))
        return msgspec.structs.replace(footfall(), measured_at=clock.now(), period_ms=1)

    with StandInGateway(mqtt_broker) as gateway:
        async with open_link(mqtt_broker, tmp_path / "outbox.db", clock=clock) as link:
            link.record(Stream.FOOTFALL, reading())
            assert await link.drained(60)
            assert link.stats.clock_offset_ms is not None
            assert abs(link.stats.clock_offset_ms + clock.error.total_seconds() * 1_000) < NEAR.total_seconds() * 1_000
            for error in (clock.error, timedelta(hours=1), timedelta(0), -timedelta(minutes=5)):
                clock.error = error
                link.record(Stream.FOOTFALL, reading())
            assert await link.drained(60)
    first, *later = [message for _, message in gateway.messages]
    assert first.sent_at.year == 1970, "nothing was known yet"
    ((_, told),) = on_gateway_clock(first, to_epoch_us(truths[0]))
    assert abs(told.measured_at - truths[0]) < NEAR, "the gateway goes by the sending time"
    measured = [each.measured_at for message in later for _, each in message.readings]
    assert len(measured) == 4
    for measured_at, truth_at in zip(measured, truths[1:], strict=True):
        assert abs(measured_at - truth_at) < NEAR
    assert all(abs(message.sent_at - truths[-1]) < 5 * NEAR for message in later)
