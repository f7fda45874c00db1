"""What the API tells of messages that could not be read."""

from datetime import datetime

from pydantic import Field

from storesense_backend.api.models import Answer, Question


class DeadLetterBase(Answer):
    """A message, or one reading of it, that could not be used."""

    dead_letter_id: int
    received_at: datetime
    topic: str
    stage: str
    reason: str
    store_id: str | None
    device_id: str | None
    boot_id: str | None
    seq: int | None
    idx: int | None
    payload_bytes: int
    replay_requested_at: datetime | None = Field(description="when its replay was asked for; null when that is done")
    replay_requested_by: str | None
    replay_outcome: str | None = Field(description="what came of the last replay")
    replayed_at: datetime | None = Field(description="when it was stored after all")


class DeadLetter(DeadLetterBase):
    """A dead letter with the beginning of its payload."""

    payload_base64: str = Field(description="the first 3000 bytes")


class WholeDeadLetter(DeadLetterBase):
    """A dead letter with its payload."""

    payload_text: str | None = Field(description="the payload, if it is text")
    payload_hex: str | None = Field(description="the first 4096 bytes in hex, if it is not")


class ReplayRequest(Question):
    """How to replay a dead letter."""

    shift_s: float = Field(
        default=0.0, ge=-4e9, le=4e9, allow_inf_nan=False, description="seconds to add to each of its instants"
    )


class DeadLetters(Answer):
    """A page of dead letters, newest first."""

    dead_letters: list[DeadLetter]
    next: str | None
