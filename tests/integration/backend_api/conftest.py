"""A small store and a backend over it, asked with an administrator's key."""

import pytest

from fixtures.backend_api import NOW
from fixtures.backend_world import running_backend
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock


@pytest.fixture
async def backend(world):
    async with running_backend(world.url, clock=ManualClock(NOW)) as (context, http):
        http.headers.update(await world.key(Role.ADMIN))
        http.context = context
        yield http
