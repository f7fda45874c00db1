"""The shipped corner shop, as the simulated store's tests use it."""

from pathlib import Path

import pytest

import storesense_simulators
from storesense_contracts.site import SiteFile, load_site
from storesense_simulators.sim.plan import SimPlan, plan_of

CORNER_SHOP = Path(storesense_simulators.__file__).parent / "sites" / "corner_shop.yaml"


@pytest.fixture(scope="session")
def corner_shop() -> SiteFile:
    return load_site(CORNER_SHOP)


@pytest.fixture(scope="session")
def shop_plan(corner_shop: SiteFile) -> SimPlan:
    return plan_of(corner_shop)
