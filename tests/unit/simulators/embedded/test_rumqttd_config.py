"""The embedded broker's configuration, as text."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from storesense_contracts.messages import MAX_PAYLOAD_BYTES
from storesense_simulators.embedded.rumqttd_config import RumqttdLimits, rumqttd_toml

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(st.dictionaries(NAMES, NAMES, min_size=1, max_size=5))
def test_names_and_passwords_come_back_as_they_went_in(passwords: dict[str, str]) -> None:
    text = rumqttd_toml(host="127.0.0.1", port=1, passwords={k: SecretStr(v) for k, v in passwords.items()})
    assert tomllib.loads(text)["v5"]["1"]["connections"]["auth"] == passwords


def test_it_listens_where_it_is_told_and_its_bounds_are_set() -> None:
    limits = RumqttdLimits(max_connections=7, max_inflight_messages=9)
    config = tomllib.loads(rumqttd_toml(host="127.0.0.1", port=1234, passwords={"a": SecretStr("b")}, limits=limits))
    listener = config["v5"]["1"]
    assert listener["listen"] == "127.0.0.1:1234"
    assert config["router"]["max_connections"] == 7
    assert listener["connections"]["max_inflight_count"] == 9
    assert listener["connections"]["dynamic_filters"] is True
    assert "v4" not in config


def test_the_largest_message_fits() -> None:
    config = tomllib.loads(rumqttd_toml(host="127.0.0.1", port=1, passwords={"a": SecretStr("b")}))
    assert config["v5"]["1"]["connections"]["max_payload_size"] > MAX_PAYLOAD_BYTES


def test_a_broker_without_accounts_would_be_open_and_is_refused() -> None:
    with pytest.raises(ValueError, match="would let everybody in"):
        rumqttd_toml(host="127.0.0.1", port=1, passwords={})
