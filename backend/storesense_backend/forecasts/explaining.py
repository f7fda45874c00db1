"""An anomaly in words, English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass

from storesense_backend.kpi_names import ZH
from storesense_contracts.kpis import BY_NAME

_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_UNITS = {"visitors": "", "mean_dwell": " s", "queue_length": "", "wait_mean": " s", "on_shelf_availability": " %"}


@dataclass(frozen=True, slots=True)
class Finding:
    """An hour of a KPI that is unlike what was to be expected.

    Attributes:
        kpi: its name.
        weekday: 0 on Mondays.
        hour: of the local day.
        value: what was measured; shares as shares.
        expected: what is usual.
        low: 10 % quantile of what is usual.
        high: 90 % quantile.
        holiday: the day's public holiday, if it is one.
        with_it: KPIs that are unlike themselves in the same hour.
    """

    kpi: str
    weekday: int
    hour: int
    value: float
    expected: float
    low: float
    high: float
    holiday: str | None = None
    with_it: Sequence[str] = ()


def explain(found: Finding) -> dict[str, str]:
    """Return a sentence or two by language, which begin with the KPI's name and the hour."""
    name_en, name_zh, unit = BY_NAME[found.kpi].title, ZH[found.kpi], _UNITS[found.kpi]
    numbers = [_number(found.kpi, value) for value in (found.value, found.expected, found.low, found.high)]
    value, expected, low, high = numbers
    day_en = found.holiday or f"a {_DAYS_EN[found.weekday]}"
    day_zh = found.holiday or _DAYS_ZH[found.weekday]
    span = f"{found.hour:02d}:00–{(found.hour + 1) % 24:02d}:00"
    others_en = ", ".join(BY_NAME[kpi].title.lower() for kpi in found.with_it)
    others_zh = "、".join(ZH[kpi] for kpi in found.with_it)
    tail_en = f"Unusual with it: {others_en}" if others_en else "Nothing else measured here is unusual then"
    tail_zh = f"同时异常：{others_zh}" if others_zh else "同一时段其他指标正常"
    return {
        "en": f"{name_en} {span}: {value}{unit}, usual {expected}{unit} ({low} to {high}) for {day_en}. {tail_en}",
        "zh-CN": f"{name_zh} {span}：{value}{unit}，{day_zh}通常为 {expected}{unit}（{low} 至 {high}）。{tail_zh}",
    }


def _number(kpi: str, value: float) -> str:
    if kpi == "on_shelf_availability":
        return f"{100 * value:.0f}"
    return f"{value:.1f}" if kpi == "queue_length" else f"{value:.0f}"
