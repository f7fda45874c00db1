"""Roles are ordered, and audit names say who it was."""

import pytest

from storesense_backend.roles import Principal, Role


@pytest.mark.parametrize("role", Role)
def test_a_role_covers_itself_and_those_before_it(role):
    order = list(Role)
    assert [role.covers(needed) for needed in order] == [order.index(role) >= n for n in range(len(order))]


def test_a_machine_is_named_as_one():
    assert Principal(name="ann", role=Role.STAFF, via="session").actor == "ann"
    assert Principal(name="till", role=Role.STAFF, via="key").actor == "key:till"
