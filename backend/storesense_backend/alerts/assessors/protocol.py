"""The port by which something that is no reading reaches the rules: silence, gaps, forecasts, advice, anomalies.

To add one: write a class with the members of ``Assessor``, name it in ``build_assessors``, and say in ``kinds`` how its
values become alerts. It gives values; opening, hysteresis, hesitation, damping and silence are the engine's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from storesense_backend.alerts.values import Measure, SubjectKey
from storesense_backend.database import Connection
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import AnyRule

Measures = dict[SubjectKey, list[Measure]]
"""By (store id, family, subject id): what was found of it, as of ``now``."""


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store as the engine knows it.

    Attributes:
        layout_version: goes up when the layout changes.
        rules: those that are enabled, the implied ones included.
        device_ids: the registered devices.
        served_by: by (stream, subject id), the devices that ever measured it.
    """

    layout: StoreLayout
    layout_version: int
    rules: tuple[AnyRule, ...]
    device_ids: tuple[str, ...]
    served_by: dict[tuple[str, str], frozenset[str]]

    @property
    def store_id(self) -> str:
        """The store's id."""
        return self.layout.id


@runtime_checkable
class Choosy(Protocol):
    """An assessor that says itself which stores it wants to be asked about, whatever rules they have."""

    def wants(self, store: StoreView) -> bool:
        """Tell whether it is to be asked about a store."""


class Assessor(Protocol):
    """Finds values for rules of some kinds."""

    @property
    def name(self) -> str:
        """For logs and metrics."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of rules that its values are for; stores without any are not asked about, see :class:`Choosy`."""

    @property
    def every_s(self) -> float:
        """Seconds between two looks."""

    @property
    def is_replayable(self) -> bool:
        """Whether it can tell of a past ``now`` what it would have told then."""

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Tell what is the case.

        It runs beside the judging of readings, on a connection of its own in autocommit, outside of any transaction.

        Args:
            connection: to the database.
            stores: those that this engine judges and that have a rule of ``kinds``.
            now: the present, or in a replay a past instant.

        Returns:
            Measures, each with ``measured_at`` (when it was true), ``received_at`` (when it became known) and a value.
        """
