"""docs/reference/notifications.md tells every setting with its default, every metric, event and kind of channel."""

import re
from typing import get_args

import pytest

from storesense_backend.notify import EVENTS
from storesense_backend.notify.metrics import NotifyMetrics
from storesense_backend.notify.routing import Kind
from storesense_backend.settings import NotifySettings, SecretsSettings


@pytest.fixture(scope="module")
def text(repo_dir):
    return (repo_dir / "docs/reference/notifications.md").read_text(encoding="utf-8")


def shown(default):
    if default is None:
        return ""
    if isinstance(default, float):
        return f"{default:g}"
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_setting_is_documented_with_its_default_and_meaning(text):
    told = re.findall(r"^\| `STORESENSE_NOTIFY_([A-Z_]+)` \| (.*?) ?\| (.*) \|$", text, re.MULTILINE)
    fields = NotifySettings.model_fields
    assert told == [(name.upper(), shown(field.default), field.description) for name, field in fields.items()]


def test_the_file_of_the_key_is_documented(text):
    field = SecretsSettings.model_fields["key_file"]
    assert f"| `STORESENSE_SECRETS_KEY_FILE` | {field.default} | {field.description} |" in text


def test_every_metric_is_documented(text):
    found = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in NotifyMetrics().registry.collect()
    }
    assert set(re.findall(r"^\| `(storesense_notify_[a-z_]+)`", text, re.MULTILINE)) == found


@pytest.mark.parametrize("word", [*EVENTS, *get_args(Kind)])
def test_every_event_and_kind_is_documented(text, word):
    assert f"`{word}`" in text
