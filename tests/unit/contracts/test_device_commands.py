"""What a command may say."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.device_commands import (
    KIND_RULES,
    CommandArguments,
    CommandKind,
    DeviceCommand,
    LogLevel,
    argument_problem,
    decode_command,
    encode_command,
)
from storesense_contracts.ids import new_command_id
from storesense_contracts.messages import MAX_PAYLOAD_BYTES, PayloadError

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@given(
    kind=st.from_regex(r"[a-z_]{1,32}", fullmatch=True),
    valid_s=st.integers(1, 86_400),
    slot_id=st.none() | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True),
    level=st.none() | st.sampled_from(LogLevel),
    for_s=st.none() | st.integers(1, 86_400),
)
def test_what_is_encoded_is_decoded(
    kind: str, valid_s: int, slot_id: str | None, level: str | None, for_s: int | None
) -> None:
    command = DeviceCommand(
        command_id=new_command_id(),
        kind=kind,
        issued_at=AT,
        expires_at=AT + timedelta(seconds=valid_s),
        arguments=CommandArguments(slot_id=slot_id, level=level, for_s=for_s),
    )
    assert decode_command(encode_command(command)) == command


GOOD = {
    "v": 1,
    "command_id": "0" * 32,
    "kind": "identify",
    "issued_at": "2026-11-22T09:00:00Z",
    "expires_at": "2026-11-22T09:05:00Z",
}


def test_what_a_later_release_adds_is_left_aside() -> None:
    command = decode_command(json.dumps(GOOD | {"colour": "red", "arguments": {"tune": 7}}).encode())
    assert command.arguments == CommandArguments()


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        pytest.param({"v": 2}, "version", id="a later version"),
        pytest.param({"command_id": "1"}, "body", id="an id that is none"),
        pytest.param({"kind": "rm -rf"}, "body", id="a kind that is none"),
        pytest.param({"expires_at": "2026-11-22T09:00:00Z"}, "body", id="over before it begins"),
        pytest.param({"expires_at": "2026-11-22T09:05:00"}, "body", id="an instant without an offset"),
        pytest.param({"arguments": {"slot_id": "../etc"}}, "body", id="a slot id that is a path"),
        pytest.param({"arguments": {"for_s": 10**9}}, "body", id="for years"),
        pytest.param({"pad": "x" * MAX_PAYLOAD_BYTES}, "size", id="too large"),
    ],
)
def test_what_is_no_command_is_refused(changes: dict[str, object], stage: str) -> None:
    with pytest.raises(PayloadError) as caught:
        decode_command(json.dumps(GOOD | changes).encode())
    assert caught.value.stage == stage


@pytest.mark.parametrize(
    ("kind", "arguments", "hint"),
    [
        (CommandKind.IDENTIFY, CommandArguments(), None),
        (CommandKind.IDENTIFY, CommandArguments(slot_id="a"), "takes no slot_id"),
        (CommandKind.ZERO_SLOT, CommandArguments(), "needs slot_id"),
        (CommandKind.ZERO_SLOT, CommandArguments(slot_id="a"), None),
        (CommandKind.SET_LOG_LEVEL, CommandArguments(level="debug"), "needs for_s"),
        (CommandKind.SET_LOG_LEVEL, CommandArguments(level="loud", for_s=60), "level is one of"),
        (CommandKind.SET_LOG_LEVEL, CommandArguments(level="debug", for_s=10), "60 to 3600"),
        (CommandKind.SET_LOG_LEVEL, CommandArguments(level="debug", for_s=3_600), None),
    ],
)
def test_each_kind_takes_its_own_arguments(kind: CommandKind, arguments: CommandArguments, hint: str | None) -> None:
    problem = argument_problem(kind, arguments)
    assert problem is None if hint is None else hint in (problem or "")


def test_every_kind_has_rules_and_is_documented(repo_dir) -> None:  # type: ignore[no-untyped-def]
    assert set(KIND_RULES) == set(CommandKind)
    for page in ("messages.md", "edge.md"):
        text = (repo_dir / "docs" / "reference" / page).read_text()
        for kind in CommandKind:
            assert f"| `{kind.value}` |" in text, (page, kind)
