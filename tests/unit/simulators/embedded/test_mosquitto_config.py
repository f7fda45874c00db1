"""Mosquitto's files, as text."""

import base64
import hashlib
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from storesense_contracts import topics
from storesense_contracts.ids import DeviceId, InvalidIdError, SectionId, StoreId
from storesense_simulators.embedded.accounts import (
    Account,
    DeviceAccount,
    InvalidAccountError,
    Role,
    ServiceAccount,
    new_device_account,
    new_password,
    new_service_account,
)
from storesense_simulators.embedded.mosquitto_config import (
    MosquittoFiles,
    MosquittoLimits,
    MosquittoTls,
    acl_text,
    conf_text,
    password_file_text,
    password_line,
)

FILES = MosquittoFiles(PurePosixPath("/c/passwords"), PurePosixPath("/c/acl"), PurePosixPath("/data"))
STORE, DEVICE = StoreId("store-1"), DeviceId("device-1")
PASSWORD = SecretStr("correct horse")


def settings_of(conf: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in conf.splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition(" ")
            found.setdefault(key, []).append(value)
    return found


def test_a_password_line_that_mosquitto_passwd_would_check() -> None:
    line = password_line("store-1/device-1", PASSWORD, salt=b"0123456789ab", iterations=101)
    name, _, rest = line.partition(":")
    empty, kind, iterations, salt, digest = rest.split("$")
    assert (name, empty, kind, iterations) == ("store-1/device-1", "", "7", "101")
    assert base64.b64decode(salt) == b"0123456789ab"
    assert base64.b64decode(digest) == hashlib.pbkdf2_hmac("sha512", b"correct horse", b"0123456789ab", 101)


@pytest.mark.parametrize(
    ("name", "why"), [("a:b", "the colon would end the name"), ("a\nroot", "a line break would begin another account")]
)
def test_names_that_would_break_the_file_are_refused(name: str, why: str) -> None:
    with pytest.raises(ValueError, match="cannot be a user name"):
        password_line(name, PASSWORD, salt=b"x" * 12)


def test_the_password_file_holds_each_account_once_and_no_password() -> None:
    accounts: list[Account] = [new_device_account(STORE, DEVICE), new_service_account(Role.GATEWAY)]
    text = password_file_text(accounts)
    assert [line.partition(":")[0] for line in text.splitlines()] == ["gateway", "store-1/device-1"]
    assert all(account.password.get_secret_value() not in text for account in accounts)
    assert text != password_file_text(accounts), "every line has a salt of its own"


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1))
def test_every_password_gives_one_line(password: str) -> None:
    line = password_line("name", SecretStr(password), salt=b"x" * 12, iterations=1)
    assert line.count("\n") == 0
    assert line.count("$") == 4


def test_two_accounts_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidAccountError, match="two accounts of this name"):
        password_file_text([new_service_account(Role.GATEWAY), new_service_account(Role.GATEWAY)])


@pytest.mark.parametrize("password", ["", "a\nb", "a\x00b"])
def test_passwords_that_no_file_can_hold_are_refused(password: str) -> None:
    with pytest.raises(InvalidAccountError, match="password is empty or holds control characters"):
        password_file_text([DeviceAccount(STORE, DEVICE, SecretStr(password))])


@pytest.mark.parametrize("device", ["+", "#", "a/b", "", "a b", "a\nuser gateway"])
def test_device_ids_that_would_widen_the_pattern_are_refused(device: str) -> None:
    with pytest.raises(InvalidIdError):
        password_file_text([new_device_account(STORE, DeviceId(device))])


@pytest.mark.parametrize("name", ["store/device", "Gateway", "a b", "", "a\ntopic write #", "%u", "+"])
def test_service_names_that_would_widen_the_list_are_refused(name: str) -> None:
    with pytest.raises(InvalidAccountError, match="lower-case letters"):
        ServiceAccount(name, Role.GATEWAY, new_password())


def test_a_screen_belongs_to_one_store_and_only_a_screen_does() -> None:
    with pytest.raises(InvalidAccountError, match="a screen belongs to one store"):
        new_service_account(Role.SCREEN)
    with pytest.raises(InvalidAccountError, match="only a screen does"):
        new_service_account(Role.GATEWAY, store=STORE)


def test_devices_share_two_patterns_and_never_appear_by_name() -> None:
    one, many = acl_text([]), acl_text([new_device_account(STORE, DeviceId(f"device-{n}")) for n in range(100)])
    assert one == many
    rules = [line for line in one.splitlines() if not line.startswith("#")]
    assert rules == ["pattern write storesense/v1/%u/up/#", "pattern read storesense/v1/%u/down/#"]


def test_the_patterns_fit_the_topics_that_devices_use() -> None:
    user = topics.user_name(STORE, DEVICE)
    write, read = (line.split()[2].replace("%u", user).removesuffix("#") for line in acl_text([]).splitlines()[2:4])
    assert all(topics.up(STORE, DEVICE, stream).startswith(write) for stream in topics.Stream)
    assert all(topics.down(STORE, DEVICE, stream).startswith(read) for stream in topics.DownStream)


@pytest.mark.parametrize(
    ("account", "rules"),
    [
        (
            new_service_account(Role.GATEWAY),
            ["topic read storesense/v1/+/+/up/+", "topic write storesense/v1/+/+/down/#", "topic read $SYS/#"],
        ),
        (new_service_account(Role.BACKEND), []),
        (new_service_account(Role.ALERTS), ["topic write storesense/v1/+/alerts/+"]),
        (
            new_service_account(Role.SCREEN, name="till-3", store=STORE),
            ["topic read storesense/v1/store-1/alerts/+"],
        ),
        (new_service_account(Role.HEALTH), []),
    ],
)
def test_what_each_service_may_do(account: ServiceAccount, rules: list[str]) -> None:
    lines = acl_text([account]).splitlines()
    assert lines[lines.index(f"user {account.name}") + 1 :] == rules


def test_the_alert_rule_fits_the_alert_topic() -> None:
    assert topics.alerts(STORE, SectionId("dairy")) == "storesense/v1/store-1/alerts/dairy"


def test_nobody_gets_in_without_a_name_and_nothing_is_unbounded() -> None:
    conf = settings_of(conf_text(FILES, host="127.0.0.1", port=1883))
    assert conf["allow_anonymous"] == ["false"]
    assert conf["listener"] == ["1883 127.0.0.1"]
    assert (conf["password_file"], conf["acl_file"]) == (["/c/passwords"], ["/c/acl"])
    for bound in (
        "max_packet_size",
        "max_inflight_messages",
        "max_queued_messages",
        "max_connections",
        "max_keepalive",
    ):
        assert int(conf[bound][0]) > 0, f"{bound} 0 would mean unlimited"
    assert int(conf["max_queued_messages"][0]) >= 100_000


def test_the_state_is_kept_where_it_is_said_or_not_at_all() -> None:
    kept = settings_of(conf_text(FILES, host=None, port=1883, limits=MosquittoLimits(autosave_changes=7)))
    assert kept["persistence_location"] == ["/data/"]
    assert (kept["autosave_interval"], kept["autosave_on_changes"]) == (["7"], ["true"])
    assert kept["listener"] == ["1883"]
    in_memory = settings_of(conf_text(MosquittoFiles(FILES.passwords, FILES.acl, None), host=None, port=1883))
    assert in_memory["persistence"] == ["false"]


def test_tls_refuses_what_is_older_than_1_2() -> None:
    tls = MosquittoTls(PurePosixPath("/c/cert.pem"), PurePosixPath("/c/key.pem"))
    conf = settings_of(conf_text(FILES, host=None, port=8883, tls=tls))
    assert (conf["certfile"], conf["keyfile"], conf["tls_version"]) == (["/c/cert.pem"], ["/c/key.pem"], ["tlsv1.2"])
    assert "certfile" not in settings_of(conf_text(FILES, host=None, port=1883))


def test_new_passwords_differ_and_show_themselves_to_nobody() -> None:
    made = {new_password().get_secret_value() for _ in range(50)}
    assert len(made) == 50
    assert min(map(len, made)) >= 43
    account = new_device_account(STORE, DEVICE)
    assert account.password.get_secret_value() not in repr(account)
