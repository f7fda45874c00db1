"""What the worker asks of a kind of channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from storesense_backend.notify.wording import Notice, Text
from storesense_contracts.errors import StoresenseError


class SendError(StoresenseError):
    """A channel did not take a message.

    Attributes:
        reason: for the delivery log; holds no secret.
        is_final: whether another try cannot help.
        is_gone: whether the channel leads nowhere any more and is to be switched off.
    """

    code = "send"

    def __init__(self, reason: str, *, is_final: bool = False, is_gone: bool = False) -> None:
        self.reason = reason[:500]
        self.is_final = is_final
        self.is_gone = is_gone
        super().__init__(self.reason)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a message goes: a channel with its secrets. Never logged."""

    channel_id: int
    store_id: str
    version: int
    config: dict[str, Any]
    secrets: dict[str, Any]

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Way({self.store_id}/{self.channel_id})"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message: a notification, several in one, or a test.

    Attributes:
        key: the same in every repeat.
        payload: for machines.
        text: for people.
        severity: the worst of what it tells; ``info`` of a test.
        notices: what it tells; none in a test.
        standing: for screens: by section, the alerts that stand there now.
    """

    key: str
    payload: dict[str, Any]
    text: Text
    severity: str
    sent_at: datetime
    notices: Sequence[Notice] = ()
    standing: dict[str, list[dict[str, Any]]] | None = None


class Sender(Protocol):
    """One kind of channel."""

    async def send(self, way: Way, parcel: Parcel) -> None:
        """Send; returns when the other side has taken it. Raises SendError."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
