"""The gateway's settings, as an operator writes them."""

import pytest

from storesense_contracts.settings import SettingsError, load_settings
from storesense_gateway.settings import GatewaySettings


def test_the_session_is_named_after_the_partition() -> None:
    assert GatewaySettings(partition_no=3).session_name == "storesense-gateway-3"
    assert GatewaySettings(client_id="mine").session_name == "mine"


def test_stores_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORESENSE_GATEWAY_STORE_IDS", "store-1, store-2,")
    assert load_settings(GatewaySettings).store_ids == ("store-1", "store-2")


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        pytest.param("STORE_IDS", "store-1,a/b", "STORE_IDS", id="an id that would widen the subscription"),
        pytest.param("STORE_IDS", "+", "STORE_IDS", id="a wildcard"),
        pytest.param("BATCH_MAX_MESSAGES", "1001", "half of receive_maximum", id="the broker would wait for the batch"),
        pytest.param("PARTITION_NO", "-1", "PARTITION_NO", id="a partition below zero"),
        pytest.param("BATCH_WAIT", "50", "no such setting", id="a typo"),
    ],
)
def test_a_mistake_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str) -> None:
    monkeypatch.setenv(f"STORESENSE_GATEWAY_{name}", value)
    with pytest.raises(SettingsError, match=hint):
        load_settings(GatewaySettings)
