from pathlib import Path

import paho.mqtt.client as paho
import pytest
from pydantic import SecretStr

from storesense_contracts import mqtt
from storesense_contracts.settings import BrokerSettings, SettingsError


def test_a_client_speaks_mqtt_5_and_connects_nowhere_yet() -> None:
    client = mqtt.new_client(BrokerSettings(user_name="s1/cam-1", password=SecretStr("x")), client_id="s1/cam-1")
    assert client.protocol == paho.MQTTv5
    assert not client.is_connected()


def test_a_missing_authority_is_an_error_and_never_plain(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TLS_CA_FILE"):
        mqtt.new_client(BrokerSettings(tls_ca_file=tmp_path / "none.pem"), client_id="x")


def test_the_password_comes_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("s3cret\n")
    assert mqtt.read_password(BrokerSettings(password_file=path)) == "s3cret"
    with pytest.raises(SettingsError, match="PASSWORD_FILE"):
        mqtt.read_password(BrokerSettings(password_file=tmp_path / "none"))


def test_the_session_is_stated() -> None:
    properties = mqtt.session_properties(expiry_s=3_600, receive_maximum=2_000)
    assert properties.SessionExpiryInterval == 3_600
    assert properties.ReceiveMaximum == 2_000
    assert properties.MaximumPacketSize > 262_144
