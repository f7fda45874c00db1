"""Roles of people and machines, each of which may do all that the one before it may."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """What somebody may do; ordered from least to most."""

    VIEWER = "viewer"
    STAFF = "staff"
    MANAGER = "manager"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Tell whether this role may do what ``needed`` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request: a person by session or a machine by key.

    Attributes:
        name: the user's name or the key's.
        via: ``session`` or ``key``.
    """

    name: str
    role: Role
    via: Literal["session", "key"]

    @property
    def actor(self) -> str:
        """How the audit trail names them: a person by name, a machine as ``key:NAME``."""
        return self.name if self.via == "session" else f"key:{self.name}"
