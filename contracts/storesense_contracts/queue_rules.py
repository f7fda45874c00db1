"""Rules about queues: how long they are, how long people wait, and how many lanes that takes."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from storesense_contracts.rule_frame import Duration, QueueScope, Severity, check_below, check_critical


class QueueTooLongRule(QueueScope):
    """Open an alert when a queue stays long; resolve it when the queue has stayed short."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("length", "longest_wait_s", "threshold")
    kind: Literal["queue_too_long"]
    open_at_length: Annotated[int, Field(ge=1, le=1_000)]
    resolve_at_length: Annotated[int, Field(ge=0, le=1_000)]
    critical_at_length: Annotated[int, Field(ge=1, le=1_000)] | None = None

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_length", "open_at_length")
        check_critical(self, "critical_at_length", "open_at_length")
        return self


class WaitScope(QueueScope):
    """A rule about a wait."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("wait_s", "wait_min", "length", "threshold")
    open_at_wait_s: Annotated[float, Field(gt=0, le=7_200)]
    resolve_at_wait_s: Annotated[float, Field(ge=0, le=7_200)]
    critical_at_wait_s: Annotated[float, Field(gt=0, le=7_200)] | None = None

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_wait_s", "open_at_wait_s")
        check_critical(self, "critical_at_wait_s", "open_at_wait_s")
        return self


class WaitTooLongRule(WaitScope):
    """The first of a queue has waited for so long."""

    kind: Literal["wait_too_long"]


class PredictedWaitRule(WaitScope):
    """The wait is expected to become so long within the horizon, if no lane opens."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("wait_s", "wait_min", "low_s", "high_s", "horizon_min", "threshold")
    kind: Literal["predicted_wait"]
    horizon_min: Literal[15, 30] = 15


class LanesScope(QueueScope):
    """A rule about the advice on lanes."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = (
        "lanes",
        "lanes_open",
        "lanes_needed",
        "horizon_min",
        "wait_s",
        "wait_with_s",
    )
    horizon_min: Literal[0, 15, 30] = 15
    open_at_lanes: Annotated[int, Field(ge=1, le=100)] = 1


class LanesToOpenRule(LanesScope):
    """The advice is to open so many lanes."""

    kind: Literal["lanes_to_open"]
    open_after_s: Duration = 60.0
    resolve_after_s: Duration = 60.0


class LanesToCloseRule(LanesScope):
    """The advice is to close so many lanes."""

    kind: Literal["lanes_to_close"]
    severity: Severity | None = "info"
    open_after_s: Duration = 600.0
    resolve_after_s: Duration = 60.0
