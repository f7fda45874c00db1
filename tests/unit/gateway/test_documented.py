"""Every setting, metric and dead letter's stage of the gateway is documented."""

import re
from pathlib import Path

import pytest

from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.settings import GatewaySettings


@pytest.fixture(scope="module")
def page(repo_dir: Path) -> str:
    return (repo_dir / "docs" / "reference" / "gateway.md").read_text()


@pytest.mark.parametrize("name", GatewaySettings.model_fields)
def test_setting(page: str, name: str) -> None:
    description = GatewaySettings.model_fields[name].description
    line = rf"^\| `STORESENSE_GATEWAY_{name.upper()}` \| .* \| {re.escape(str(description))} \|$"
    assert re.search(line, page, re.MULTILINE)


def test_no_setting_is_documented_that_is_none(page: str) -> None:
    documented = set(re.findall(r"^\| `STORESENSE_GATEWAY_(\w+)`", page, re.MULTILINE))
    assert documented == {name.upper() for name in GatewaySettings.model_fields}


def test_metrics(page: str) -> None:
    families = {
        metric.name + ("_total" if metric.type == "counter" else ""): metric
        for metric in GatewayMetrics().registry.collect()
    }
    documented = dict(re.findall(r"^\| `(storesense_gateway_\w+)` \| (\w+) ", page, re.MULTILINE))
    assert documented == {name: metric.type for name, metric in families.items()}


def test_stages_of_dead_letters(page: str, repo_dir: Path) -> None:
    sources = [*(repo_dir / "gateway").rglob("*.py"), repo_dir / "contracts/storesense_contracts/messages.py"]
    text = "\n".join(path.read_text() for path in sources)
    stages = set(re.findall(r'stage="(\w+)"', text)) | {"future", "past", "topic"}
    assert len(stages) >= 8
    for stage in stages:
        assert re.search(rf"^\| .*`{stage}`.* \|", page, re.MULTILINE), stage
