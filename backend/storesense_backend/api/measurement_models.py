"""What the API tells of measurements and KPIs over a span of time, and of their quality."""

from datetime import datetime

from pydantic import Field

from storesense_backend.api.models import Answer, SpanAnswer
from storesense_backend.gap_reasons import GapReason
from storesense_contracts.kpis import Better, Quality, Unit
from storesense_contracts.topics import Stream


class Heatmap(SpanAnswer):
    """Presence on the floor. Cell (0, 0) has its corner at origin_xy_m; cells are in row-major order."""

    cell_size_m: float
    origin_xy_m: tuple[float, float]
    columns: int
    rows: int
    presence_s: list[float] = Field(description="seconds that people spent in each cell, all together")
    watched_s: list[float] | None = Field(
        None, description="seconds for which cameras measured each cell; null unless asked for with watched=true"
    )


class FootfallPoint(Answer):
    """Counts of one line in one step that begins at at."""

    line_id: str
    at: datetime
    in_count: int
    out_count: int


class Footfall(Answer):
    """Footfall by line and step."""

    step_s: int
    points: list[FootfallPoint]


class Kpi(Answer):
    """A KPI with its completeness."""

    name: str
    value: float | None
    unit: Unit
    completeness: float | None = Field(description="share that the KPI's quality rule names, 0 to 1")
    low: float | None = Field(description="lower bound of the true value, 95 %; null where no error is known")
    high: float | None = Field(description="upper bound of the true value, 95 %; null where no error is known")


class Kpis(SpanAnswer):
    """KPIs over a span of time."""

    kpis: list[Kpi]


class KpiDefinition(Answer):
    """What a KPI is."""

    name: str
    title: str
    unit: Unit
    definition: str
    streams: list[Stream] = Field(description="the streams of readings it rests on; none: alerts")
    quality: Quality = Field(description="what its completeness is the share of")
    quality_text: str
    aggregation: str = Field(description="how values of parts make the value of the whole")
    better: Better = Field(description="which side of a target is good")
    is_available: bool
    needs: str | None = Field(description="what is missing before it can be told; null if it can be told")


class KpiCatalogue(Answer):
    """All KPIs, in the order that people read them."""

    kpis: list[KpiDefinition]


class QualityNow(Answer):
    """One quality rule over a span: what the completeness of its KPIs is made of."""

    quality: Quality
    expected_minutes: int
    measured_minutes: int
    completeness: float | None


class DeviceHour(Answer):
    """One hour of a device."""

    at: datetime
    expected_minutes: int = Field(description="minutes times what the device measures")
    measured_minutes: int
    completeness: float | None
    missing_minutes: dict[GapReason, int] = Field(description="minutes without a reading, by reason")
    missing_messages: dict[GapReason, int] = Field(description="messages missing in the ledger, by reason")


class DeviceBoot(Answer):
    """One start of a device, by the ledger."""

    boot_id: str
    first_received_at: datetime
    last_received_at: datetime
    expected_messages: int = Field(description="up to the newest that came")
    committed_messages: int
    awaited_messages: int = Field(description="neither committed nor declared dropped")
    dropped_messages: dict[str, int] = Field(description="declared dropped by the device, by reason")


class DeviceCompleteness(Answer):
    """How complete a device's data is; device_id is null for what no device ever measured."""

    device_id: str | None
    hours: list[DeviceHour]
    boots: list[DeviceBoot]


class Completeness(SpanAnswer):
    """How complete a store's data is."""

    summary: list[QualityNow]
    devices: list[DeviceCompleteness]
