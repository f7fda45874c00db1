"""The order of ages is checked at every start, and each setting of the upkeep is documented."""

import re
from pathlib import Path

import pytest

from storesense_contracts.settings import SettingsError, load_settings
from storesense_gateway.maintenance_settings import MaintenanceSettings


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        pytest.param({"OUTBOX_DAYS": "30"}, "REFRESH_DAYS: .* late readings", id="a refresh misses what an outbox has"),
        pytest.param({"RAW_DAYS": "30"}, "RAW_DAYS: .* erase rollups", id="a refresh reaches what is dropped"),
        pytest.param({"RAW_DAYS": "20", "REFRESH_DAYS": "10", "OUTBOX_DAYS": "10"}, "more than 10", id="equal ages"),
    ],
)
def test_ages_out_of_order_are_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], hint: str
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"STORESENSE_MAINTENANCE_{name}", value)
    with pytest.raises(SettingsError, match=hint) as caught:
        load_settings(MaintenanceSettings)
    assert caught.value.exit_code == 2


def test_ages_in_order_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORESENSE_MAINTENANCE_RAW_DAYS", "400")
    assert load_settings(MaintenanceSettings).raw_days == 400


def test_settings_are_documented(repo_dir: Path) -> None:
    page = (repo_dir / "docs/reference/rollups.md").read_text()
    documented = dict(re.findall(r"^\| `STORESENSE_MAINTENANCE_(\w+)` \| .* \| (.*) \|$", page, re.MULTILINE))
    assert documented == {name.upper(): field.description for name, field in MaintenanceSettings.model_fields.items()}
