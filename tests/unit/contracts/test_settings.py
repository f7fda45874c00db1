from pathlib import Path

import pytest

from storesense_contracts.settings import BrokerSettings, DatabaseSettings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT", "USER_NAME", "PASSWORD", "PASSWORD_FILE", "TLS", "TLS_CA_FILE", "KEEPALIVE_S"):
        monkeypatch.delenv(f"STORESENSE_BROKER_{name}", raising=False)
    monkeypatch.delenv("STORESENSE_DATABASE_URL", raising=False)


def test_defaults_stay_on_loopback() -> None:
    assert load_settings(BrokerSettings).host == "127.0.0.1"


def test_the_environment_is_read_and_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORESENSE_BROKER_PORT", "8883")
    monkeypatch.setenv("STORESENSE_BROKER_PASSWORD", "hunter2")
    settings = load_settings(BrokerSettings)
    assert settings.port == 8883
    assert settings.password is not None
    assert settings.password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)


def test_an_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORESENSE_BROKER_PROT", "1883")
    with pytest.raises(SettingsError, match=r"STORESENSE_BROKER_PROT: no such setting; known are .*BROKER_PORT"):
        load_settings(BrokerSettings)


def test_every_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORESENSE_BROKER_PORT", "99999")
    monkeypatch.setenv("STORESENSE_BROKER_KEEPALIVE_S", "soon")
    with pytest.raises(SettingsError) as caught:
        load_settings(BrokerSettings)
    assert len(caught.value.problems) == 2
    assert "STORESENSE_BROKER_PORT" in caught.value.problems[0]


def test_a_wrong_secret_is_not_repeated_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORESENSE_BROKER_KEEPALIVE_S", "hunter2")
    with pytest.raises(SettingsError) as caught:
        load_settings(BrokerSettings)
    assert "hunter2" not in str(caught.value)


def test_a_missing_database_address_is_named(tmp_path: Path) -> None:
    assert tmp_path.exists()
    with pytest.raises(SettingsError, match="STORESENSE_DATABASE_URL"):
        load_settings(DatabaseSettings)


def test_a_missing_variable_is_named_with_what_to_give() -> None:
    with pytest.raises(
        SettingsError, match="STORESENSE_DATABASE_URL: is not set and has no default; give postgresql://"
    ):
        load_settings(DatabaseSettings)
