"""A KPI has one name in Chinese, wherever people read it."""

import re

from storesense_backend.kpi_names import ZH
from storesense_contracts.kpis import BY_NAME


def test_every_kpi_has_a_name():
    assert ZH.keys() == BY_NAME.keys()


def test_the_page_calls_it_the_same(repo_dir):
    path = repo_dir / "dashboards/storesense_dashboards/static/app/i18n/zh-CN/chain.js"
    block = re.search(r"\n  kpis: \{\n(.*?)\n  \},", path.read_text(encoding="utf-8"), re.DOTALL)
    assert dict(re.findall(r'(\w+): "([^"]+)"', block.group(1))) == ZH
