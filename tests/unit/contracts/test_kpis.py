"""The catalogue of KPIs names each once, and its reference page is current."""

from pathlib import Path

from storesense_contracts.kpis import BY_NAME, CATALOGUE, QUALITY_TEXT, Quality, reference_page
from storesense_contracts.topics import Stream


def test_every_kpi_stands_once() -> None:
    assert len(BY_NAME) == len(CATALOGUE)
    # PRODUCT.md counts fifteen; wait is two numbers, and so are stock-outs; device uptime, buying units and the share
    # of staff stand beside them.
    assert len(CATALOGUE) == 20


def test_every_kpi_says_what_it_rests_on() -> None:
    for kpi in CATALOGUE:
        assert "" not in (kpi.definition, kpi.aggregation), kpi.name
        assert kpi.streams or kpi.quality is Quality.ALERTS, kpi.name
        assert Stream.STATUS not in kpi.streams
    assert set(QUALITY_TEXT) == set(Quality)


def test_the_reference_page_is_current(repo_dir: Path) -> None:
    page = (repo_dir / "docs" / "reference" / "kpis.md").read_text(encoding="utf-8")
    assert page == reference_page(), "run storesense contracts generate"
