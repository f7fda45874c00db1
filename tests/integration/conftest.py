"""What most tests with a real database begin with; a module that begins otherwise has its own ``world``."""

from collections.abc import AsyncIterator, Iterator

import pytest

from fixtures.backend_world import World, new_world
from fixtures.serial_scale import Scale


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with new_world(database_url) as world:
        yield world


@pytest.fixture
def scale() -> Iterator[Scale]:
    with Scale() as scale:
        yield scale
