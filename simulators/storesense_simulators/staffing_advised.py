"""The shipped advice at a recorded day's tills, and past days as the store's sensors would have kept them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storesense_backend.staffing.advice import HORIZON_MIN, AdvicePolicy, Adviser, TillState
from storesense_backend.staffing.arrivals import ArrivalForecast
from storesense_backend.staffing.history import SAMPLE_S, PastDay, StoreModel, Visits
from storesense_simulators.staffing_days import TillDay
from storesense_simulators.staffing_shop import LanePolicy, TillShop, TillView, Visit
from storesense_simulators.staffing_tills import TillRun
from storesense_simulators.twin.chance import stream

Floats = NDArray[np.float64]

_MS_PER_MIN = 60_000
_MS_PER_S = 1_000
_DECIDE_MS = 5_000


class SensorNoise:
    """What entrance cameras and queue cameras miss.

    Args:
        seed: of the chance.
        missed_share: of people in at the entrances, and of visits to queues, that no camera tells.
    """

    def __init__(self, seed: int, missed_share: float) -> None:
        self._chance = stream(seed, "staffing/sensors")
        self._missed_share = missed_share

    def counted(self, count: int) -> int:
        """Return how many of so many are counted."""
        return int(self._chance.binomial(count, 1.0 - self._missed_share)) if self._missed_share > 0 else count

    def seen(self, visits: Sequence[Visit]) -> list[Visit]:
        """Return the visits that are told."""
        return [visit for visit in visits if self.counted(1)]


class Watching:
    """Keeps what the sensors tell while another policy says how many lanes there are.

    Args:
        policy: that says it.
        noise: of the sensors.
    """

    def __init__(self, policy: LanePolicy, noise: SensorNoise) -> None:
        self.every_ms = SAMPLE_S * _MS_PER_S
        self._policy = policy
        self._noise = noise
        self._entered: list[int] = []
        self._visits: list[Visit] = []
        self._lanes: list[int] = []

    def lanes(self, view: TillView) -> int:
        """Return what the other policy says."""
        minute = max(0, view.now_ms - 1) // _MS_PER_MIN
        while len(self._entered) <= minute:
            self._entered.append(0)
        self._entered[minute] += self._noise.counted(view.entered)
        self._visits += self._noise.seen(view.visits)
        self._lanes.append(len(view.open_lanes))
        return self._policy.lanes(view)

    def past_day(self, tills: TillShop, day: TillDay) -> PastDay:
        """Return what was kept."""
        ended_s = np.array([visit.t_ms / _MS_PER_S for visit in self._visits])
        wait_s = np.array([visit.wait_ms / _MS_PER_S for visit in self._visits])
        service_s = np.array([visit.service_ms / _MS_PER_S for visit in self._visits])
        is_staffed = np.array([not tills.is_self[visit.queue_id] for visit in self._visits], dtype=np.bool_)
        is_served = np.array([visit.is_served for visit in self._visits], dtype=np.bool_)
        visits = Visits.of(ended_s, wait_s, service_s, is_staffed, is_served)
        return PastDay(week_minute_of(day), np.array(self._entered, dtype=np.float64), visits, np.array(self._lanes))


def week_minute_of(day: TillDay) -> int:
    """Return the minute of the local week at which a day begins."""
    return day.began_at.weekday() * 1_440 + day.began_at.hour * 60 + day.began_at.minute


def live_and_keep(tills: TillShop, day: TillDay, policy: LanePolicy, *, missed_share: float = 0.0) -> PastDay:
    """Live a day and return what its sensors told."""
    watching = Watching(policy, SensorNoise(day.seed, missed_share))
    TillRun(tills, day, watching).run()
    return watching.past_day(tills, day)


class Advised:
    """Staff who do what the shipped advice says, from what sensors tell.

    Args:
        tills: the store.
        day: only its clock and its opening hours are looked at.
        model: learnt from other days.
        policy: of the advice.
        open_minutes: for how long people are let in.
        noise: of the sensors.
        knows_arrivals: whether who will come to the tills is told instead of foretold: what the best forecast of
            arrivals would be worth, for nobody can have it.

    Attributes:
        forecasts: what was foretold when, by minute of the day.
    """

    def __init__(
        self,
        tills: TillShop,
        day: TillDay,
        model: StoreModel,
        policy: AdvicePolicy,
        *,
        open_minutes: int,
        noise: SensorNoise,
        knows_arrivals: bool = False,
    ) -> None:
        self.every_ms = _DECIDE_MS
        self._tills = tills
        self._model = model
        self._adviser = Adviser(model, policy)
        self._began_at = week_minute_of(day)
        self._open_minutes = open_minutes
        self._noise = noise
        self._entered: list[int] = []
        self._minute = -1
        self._people: dict[str, int] = {}
        self._coming = _coming_by_minute(day) if knows_arrivals else None
        self.forecasts: dict[int, ArrivalForecast] = {}

    def lanes(self, view: TillView) -> int:
        """Return the advised lanes."""
        minute = view.now_ms // _MS_PER_MIN
        while len(self._entered) <= minute:
            self._entered.append(0)
        self._entered[max(0, view.now_ms - 1) // _MS_PER_MIN] += self._noise.counted(view.entered)
        if minute != self._minute:
            self._minute = minute
            forecast = self._foretold(minute)
            self.forecasts[minute] = forecast
            self._adviser.foresee(forecast)
        self._keep_count(view)
        staffed = {queue_id: count for queue_id, count in self._people.items() if not self._tills.is_self[queue_id]}
        taking = {self._tills.queue_of[lane_id] for lane_id in view.open_lanes}
        closing = sum(count > 0 and queue_id not in taking for queue_id, count in staffed.items())
        people, lanes = sum(staffed.values()), len(view.open_lanes)
        return self._adviser.lanes(TillState(view.now_ms / 1_000, people, lanes, view.coming_lanes, closing))

    def _foretold(self, minute: int) -> ArrivalForecast:
        if self._coming is not None:
            told = self._coming[minute : minute + HORIZON_MIN]
            return ArrivalForecast(told, np.cumsum(told))
        return self._model.arrivals.forecast(
            np.array(self._entered[:minute], dtype=np.float64),
            week_minute=self._began_at + minute,
            minutes=HORIZON_MIN,
            open_minutes=max(0, self._open_minutes - minute),
        )

    def _keep_count(self, view: TillView) -> None:
        """Follow who is at each queue and its lanes; the line that the camera sees bounds what was missed."""
        gone: dict[str, int] = {}
        for visit in self._noise.seen(view.visits):
            gone[visit.queue_id] = gone.get(visit.queue_id, 0) + 1
        for queue_id, length in view.lengths.items():
            count = self._people.get(queue_id, 0) + view.joined.get(queue_id, 0) - gone.get(queue_id, 0)
            self._people[queue_id] = min(max(count, length), length + self._tills.stations[queue_id])


def _coming_by_minute(day: TillDay) -> Floats:
    """Return who looks for a queue in each minute, long enough for every forecast."""
    minutes = np.array([seeking.t_ms for seeking in day.seekings], dtype=np.int64) // _MS_PER_MIN
    return np.bincount(minutes, minlength=day.lasts_ms // _MS_PER_MIN + 24 * 60).astype(np.float64)
