"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long a draw or an example takes says more about the machine's other work than about the code.
settings.register_profile("storesense", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("storesense")

pytest_plugins = ["fixtures.demo_run", "fixtures.second_try", "fixtures.services", "fixtures.strictness"]

REPO_DIR = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repo_dir() -> Path:
    return REPO_DIR


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real recordings beside the checkout; tests that need it skip where it is absent."""
    path = Path(os.environ.get("STORESENSE_TEST_SHARED_DIR", REPO_DIR.parent / "shared"))
    if not path.is_dir():
        pytest.skip(f"no real recordings here: {path.name}/ is not beside the checkout")
    return path
