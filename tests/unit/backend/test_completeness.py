"""What of a store should have a reading a minute."""

from __future__ import annotations

from storesense_backend.completeness import expected_subjects
from storesense_contracts.layout import Floor, Section, StoreLayout, Zone
from storesense_contracts.rule_checks import subject_ids
from storesense_contracts.rules import ZoneUnattendedRule


def test_no_figure_of_customers_is_expected_of_a_zone_for_staff_only() -> None:
    layout = StoreLayout(
        id="shop",
        name="Shop",
        time_zone="Europe/Berlin",
        floor=Floor(size_m=(5, 5)),
        sections=[Section(id="all", name="All")],
        zones=[Zone(id="aisle", name="Aisle"), Zone(id="stock", name="Stock room", staff_only=True)],
    )
    assert expected_subjects(layout) == [("zone", "aisle")]
    assert [zone.id for zone in layout.zones] == ["aisle", "stock"], "the edge still knows where staff stay"
    assert subject_ids(layout, ZoneUnattendedRule(id="alone", kind="zone_unattended", open_at_people=1)) == ["aisle"]
