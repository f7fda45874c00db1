"""Identifiers as types of their own, so that a line is never taken for a lane.

An id is 1 to 64 characters of ``a-z A-Z 0-9 . _ -``, beginning with a letter or digit. That keeps MQTT's ``+``, ``#``
and ``/``, SQL and shell quoting, and path traversal out of every place an id travels to.
"""

import re
import secrets
from typing import Annotated, NewType

import msgspec

from storesense_contracts.errors import StoresenseError

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)"
BOOT_ID_PATTERN = r"^[0-9a-f]{32}$(?!\n)"
COMMAND_ID_PATTERN = BOOT_ID_PATTERN

IdText = Annotated[str, msgspec.Meta(pattern=ID_PATTERN, description="1-64 of a-z A-Z 0-9 . _ -")]
BootIdText = Annotated[
    str,
    msgspec.Meta(pattern=BOOT_ID_PATTERN, description="128 random bits in hex, new at each process start"),
]

CommandIdText = Annotated[
    str,
    msgspec.Meta(pattern=COMMAND_ID_PATTERN, description="128 random bits in hex, new for each command to a device"),
]

StoreId = NewType("StoreId", str)
SectionId = NewType("SectionId", str)
DeviceId = NewType("DeviceId", str)
BootId = NewType("BootId", str)
CommandId = NewType("CommandId", str)

_ID = re.compile(ID_PATTERN)


class InvalidIdError(StoresenseError, ValueError):
    """A text that was given as an id is none."""

    code = "invalid_id"

    def __init__(self, *, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text
        super().__init__(
            f"{text[:80]!r} is no {kind} id: use 1 to 64 letters, digits, '.', '_' or '-', "
            "beginning with a letter or digit"
        )


def check_id(kind: str, text: str) -> str:
    """Return ``text`` if it is a valid id, for messages that call it a ``kind`` id.

    Raises:
        InvalidIdError: it is not.
    """
    if not _ID.match(text):
        raise InvalidIdError(kind=kind, text=text)
    return text


def store_id(text: str) -> StoreId:
    """Take ``text`` as a store's id. Raises InvalidIdError."""
    return StoreId(check_id("store", text))


def device_id(text: str) -> DeviceId:
    """Take ``text`` as a device's id. Raises InvalidIdError."""
    return DeviceId(check_id("device", text))


def section_id(text: str) -> SectionId:
    """Take ``text`` as a section's id. Raises InvalidIdError."""
    return SectionId(check_id("section", text))


def new_boot_id() -> BootId:
    """Mint the id of this process start: 128 random bits as 32 hex digits."""
    return BootId(secrets.token_hex(16))


def new_command_id() -> CommandId:
    """Mint the id of a command to a device: 128 random bits as 32 hex digits."""
    return CommandId(secrets.token_hex(16))
