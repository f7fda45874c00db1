"""Running the assessors beside the judging of readings, on a connection of their own."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import psycopg

from storesense_backend.alerts.assessors.protocol import Assessor, Choosy, StoreView
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.alerts.values import Observation, SubjectKey
from storesense_backend.database import Connection, connected
from storesense_backend.reconnecting import Reconnecting
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)
_PAUSE_S = 0.5


class Assessing:
    """Asks each assessor when its time has come and keeps what it found until a step takes it.

    Args:
        assessors: to ask.
        clock: the present.
        metrics: where to count failures.
        stores: returns the stores that this engine judges.
    """

    def __init__(
        self,
        assessors: Sequence[Assessor],
        *,
        clock: Clock,
        metrics: AlertMetrics,
        stores: Callable[[], Sequence[StoreView]],
    ) -> None:
        self._assessors = assessors
        self._clock = clock
        self._metrics = metrics
        self._stores = stores
        self._due_s: dict[str, float] = {}
        self._found: dict[SubjectKey, list[Observation]] = {}

    def take(self) -> dict[SubjectKey, list[Observation]]:
        """Return what was found since it was last taken."""
        found, self._found = self._found, {}
        return found

    def put_back(self, found: dict[SubjectKey, list[Observation]]) -> None:
        """Return what could not be judged, below what was found meanwhile."""
        self._found = found | self._found

    async def run(self, conninfo: str) -> None:
        """Ask until cancelled; a lost connection is made again, and an assessor that fails is asked again later."""
        failed = self._metrics.assessor_failures.inc
        lasting = Reconnecting("the alert engine's assessing", self._clock, on_lost=failed, on_failed=failed)
        await lasting.run(lambda: self._run_connected(conninfo))

    async def _run_connected(self, conninfo: str) -> None:
        async with connected(conninfo, application_name="storesense assessors") as connection:
            while True:
                await self.ask(connection)
                await asyncio.sleep(_PAUSE_S)

    async def ask(self, connection: Connection) -> None:
        """Ask those whose time has come."""
        stores = list(self._stores())
        for assessor in self._assessors:
            if self._clock.monotonic_s() < self._due_s.get(assessor.name, 0.0):
                continue
            wanted = [store for store in stores if _wants(assessor, store)]
            if not wanted:
                continue
            self._due_s[assessor.name] = self._clock.monotonic_s() + assessor.every_s
            try:
                found = await assessor.observe(connection, wanted, self._clock.now())
            except psycopg.OperationalError:
                raise
            except Exception:  # noqa: BLE001 -- a supervisor: it logs and goes on
                self._metrics.assessor_failures.inc()
                _LOG.exception("assessor %s failed and is asked again later", assessor.name)
                continue
            for subject, some in found.items():
                self._found.setdefault(subject, []).extend(some)


def _wants(assessor: Assessor, store: StoreView) -> bool:
    if isinstance(assessor, Choosy):
        return assessor.wants(store)
    return any(rule.kind in assessor.kinds for rule in store.rules)
