"""Commands to a device: what may be asked of it, what each kind wants to know, and how that stands on the wire.

A command is told on ``down/command``, never retained, and may come more than once; a device does each at most once, by
its id, and none after it has expired. What became of it comes back as ``CommandResult`` readings.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from storesense_contracts.ids import CommandIdText, IdText
from storesense_contracts.messages import VERSION, PayloadError, decode_versioned
from storesense_contracts.readings import CommandKindText, Instant

LEAST_VALID_S = 10
MOST_VALID_S = 86_400
USUAL_VALID_S = 300
"""For how long a command stands if nobody says otherwise."""

LEAST_LEVEL_S = 60
MOST_LEVEL_S = 3_600
"""How long another log level may hold."""


class CommandKind(StrEnum):
    """What may be asked of a device."""

    IDENTIFY = "identify"
    REPORT_NOW = "report_now"
    RESTART_AGENT = "restart_agent"
    ZERO_SLOT = "zero_slot"
    LEARN_VIEW = "learn_view"
    SET_LOG_LEVEL = "set_log_level"


class LogLevel(StrEnum):
    """How much an agent writes into its log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class KindRules:
    """What a kind of command wants.

    Attributes:
        wants: the arguments that it needs; all others are none of its business.
        is_disruptive: whether it changes or interrupts what is measured, so that whoever asks has to say why.
    """

    wants: frozenset[str] = frozenset()
    is_disruptive: bool = False


KIND_RULES: dict[CommandKind, KindRules] = {
    CommandKind.IDENTIFY: KindRules(),
    CommandKind.REPORT_NOW: KindRules(),
    CommandKind.RESTART_AGENT: KindRules(is_disruptive=True),
    CommandKind.ZERO_SLOT: KindRules(frozenset({"slot_id"}), is_disruptive=True),
    CommandKind.LEARN_VIEW: KindRules(is_disruptive=True),
    CommandKind.SET_LOG_LEVEL: KindRules(frozenset({"level", "for_s"})),
}


class CommandArguments(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a command says beside its kind; each kind wants its own.

    ``slot_id`` is the slot that is empty, ``level`` how much to log and ``for_s`` for how long.
    """

    slot_id: IdText | None = None
    level: Annotated[str, Meta(max_length=16)] | None = None
    for_s: Annotated[int, Meta(ge=1, le=86_400, description="seconds")] | None = None


class DeviceCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a device is asked to do, once, and not after ``expires_at``.

    ``kind`` may be one that this release does not know; the device then refuses it.
    """

    v: Annotated[int, Meta(ge=1, le=1_000)] = VERSION
    command_id: CommandIdText
    kind: CommandKindText
    issued_at: Instant
    expires_at: Instant
    arguments: CommandArguments = CommandArguments()


_DECODER = msgspec.json.Decoder(DeviceCommand)
_ENCODER = msgspec.json.Encoder()


def decode_command(payload: bytes) -> DeviceCommand:
    """Read a command.

    Raises:
        PayloadError: at stage ``size``, ``version`` or ``body``; then nothing of it is to be done.
    """
    command = decode_versioned(_DECODER, payload)
    if command.expires_at <= command.issued_at:
        raise PayloadError(stage="body", detail="it expires before it was issued")
    return command


def encode_command(command: DeviceCommand) -> bytes:
    """Encode a command."""
    return _ENCODER.encode(command)


def argument_problem(kind: CommandKind, arguments: CommandArguments) -> str | None:
    """Say what is wrong with the arguments of a command of this kind, None if nothing is."""
    wants = KIND_RULES[kind].wants
    for name, value in msgspec.structs.asdict(arguments).items():
        if name in wants and value is None:
            return f"{kind.value} needs {name}"
        if name not in wants and value is not None:
            return f"{kind.value} takes no {name}"
    if arguments.level is not None and arguments.level not in set(LogLevel):
        return f"level is one of {', '.join(LogLevel)}"
    if arguments.for_s is not None and not LEAST_LEVEL_S <= arguments.for_s <= MOST_LEVEL_S:
        return f"for_s is {LEAST_LEVEL_S} to {MOST_LEVEL_S} seconds"
    return None
