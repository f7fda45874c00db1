"""docs/reference/backend.md tells every setting with its default, every metric, and every command."""

import argparse
import re

import pytest

from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.commands import add_commands
from storesense_backend.metrics import BackendMetrics
from storesense_backend.settings import AlertsSettings, BackendSettings


@pytest.fixture(scope="module")
def text(repo_dir):
    return (repo_dir / "docs/reference/backend.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("settings", [BackendSettings, AlertsSettings])
def test_every_setting_is_documented_with_its_default(text, settings):
    prefix = settings.model_config["env_prefix"]
    told = dict(re.findall(rf"^\| `({prefix}[A-Z_]+)` \| (\S*) ?\|", text, re.MULTILINE))
    expected = {}
    for name, field in settings.model_fields.items():
        default = field.default
        shown = "" if default is None else f"{default:g}" if isinstance(default, float) else str(default).lower()
        expected[f"{prefix}{name}".upper()] = shown
        assert field.description
    assert told == expected


@pytest.mark.parametrize("metrics", [BackendMetrics, AlertMetrics])
def test_every_metric_is_documented(text, metrics):
    found = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in metrics().registry.collect()
    }
    prefix = next(iter(found)).rsplit("_")[1]
    told = set(re.findall(rf"^\| `(storesense_{prefix}_[a-z_]+)`", text, re.MULTILINE))
    assert told == found


def test_every_command_is_documented(text):
    parser = argparse.ArgumentParser(prog="storesense")
    add_commands(parser.add_subparsers())
    for command in leaves(parser):
        assert f"`{command}" in text, command


def leaves(parser):
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        return [parser.prog]
    return [leaf for group in groups for child in group.choices.values() for leaf in leaves(child)]
