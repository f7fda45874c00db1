from pathlib import Path

import pytest

from storesense_contracts.settings import SettingsError, load_settings
from storesense_edge.settings import EdgeSettings, LinkSettings


def test_defaults_hold_the_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(EdgeSettings)
    assert settings.link.flush_s <= 0.25
    assert settings.link.outbox_max_age_s == 7 * 86_400
    assert settings.link.window == 64


def test_nested_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORESENSE_EDGE_REPORT_S", "2")
    monkeypatch.setenv("STORESENSE_EDGE_LINK__WINDOW", "16")
    settings = load_settings(EdgeSettings)
    assert (settings.report_s, settings.link.window) == (2.0, 16)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORESENSE_EDGE_REPROT_S", "1"),
        ("STORESENSE_EDGE_REPORT_S", "0"),
        ("STORESENSE_EDGE_LINK__WINDOW", "0"),
        ("STORESENSE_EDGE_LINK__WINDWO", "3"),
    ],
)
def test_unknown_and_impossible_settings_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings(EdgeSettings)


def test_every_setting_says_what_it_is() -> None:
    for fields in (EdgeSettings.model_fields, LinkSettings.model_fields):
        assert all(field.description for field in fields.values())


def test_every_setting_is_documented_with_its_default(repo_dir: Path) -> None:
    text = (repo_dir / "docs/reference/edge.md").read_text()
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    for fields in (EdgeSettings.model_fields, LinkSettings.model_fields):
        for name, field in fields.items():
            assert name in rows, f"docs/reference/edge.md has no row for {name}"
            if isinstance(field.default, int | float):
                assert float(rows[name].split("|")[2]) == field.default
