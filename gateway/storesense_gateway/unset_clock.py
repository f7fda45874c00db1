"""Readings of a device whose clock was never set, put onto the gateway's clock.

Such a device says that it sends before 2025, which no delay explains. What it measured some seconds before sending was
then measured some seconds before the receipt; the distance is right, since both instants are of one clock.
"""

from datetime import datetime

import msgspec

from storesense_contracts.clock import CLOCK_SET_FROM_AT, from_epoch_us, keep_within_minute_us, to_epoch_us
from storesense_contracts.messages import DecodedMessage
from storesense_contracts.readings import AnyReading


def is_unset(sent_at: datetime) -> bool:
    """Tell whether a message was sent by a clock that was never set."""
    return sent_at < CLOCK_SET_FROM_AT


def on_gateway_clock(message: DecodedMessage, received_us: int) -> list[tuple[int, AnyReading]]:
    """Return the readings of a message as the gateway's clock would have told them.

    A reading that another, set clock told is left as it is.
    """
    shift_us = received_us - to_epoch_us(message.sent_at)
    return [
        (idx, _moved(reading, shift_us) if is_unset(reading.measured_at) else reading)
        for idx, reading in message.readings
    ]


def _moved(reading: AnyReading, shift_us: int) -> AnyReading:
    measured_us = to_epoch_us(reading.measured_at) + shift_us
    period_ms: int | None = getattr(reading, "period_ms", None)
    if period_ms is not None:
        measured_us = keep_within_minute_us(measured_us, period_ms * 1_000)
    return msgspec.structs.replace(reading, measured_at=from_epoch_us(measured_us))
