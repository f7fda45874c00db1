"""Whatever counts all readings names every table of them: one that is forgotten would hide a loss."""

import pytest

from storesense_contracts.sql import load_queries
from storesense_gateway.families import FAMILIES


@pytest.mark.parametrize(("file", "query"), [("chaos/chaos.sql", "stored_rows"), ("demo.sql", "figures")])
def test_every_table_of_readings_is_counted(file: str, query: str) -> None:
    text = load_queries("storesense_simulators", file)[query]
    assert [family.table for family in FAMILIES.values() if f"FROM {family.table}" not in text] == []
