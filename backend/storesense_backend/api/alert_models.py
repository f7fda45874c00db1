"""What goes in and out of the API about the life of alerts."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from storesense_backend.alerts.life import reports
from storesense_backend.alerts.life.alert import DismissReason
from storesense_backend.api.models import Answer, Question, SpanAnswer
from storesense_contracts.layout import Id, refuse_control_characters
from storesense_contracts.rule_frame import Severity

Text = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(refuse_control_characters)]


class AlertWords(Answer):
    """What an alert says, in one language."""

    title: str
    action: str


class Alert(Answer):
    """An alert: what is the matter, what to do, and in the end the proof that it is over."""

    alert_id: int
    store_id: str
    rule_id: str
    kind: str = Field(description="the kind of its rule", examples=["queue_too_long"])
    subject_id: str = Field(
        description="the queue, slot, device, ... that it is about; slot/sku of a plate's further product"
    )
    section_id: str = Field(description="whose staff it concerns")
    severity: Literal["info", "warning", "critical"]
    state: Literal["open", "acknowledged", "in_hand", "resolved", "dismissed"]
    cause_at: datetime = Field(description="when the cause began, by the readings")
    opened_at: datetime = Field(description="when the alert was raised")
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None = Field(None, description="who ended it by hand, where no sensor can prove it")
    taken_at: datetime | None = Field(None, description="when somebody took it in hand")
    taken_by: str | None = None
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None
    dismiss_reason: str | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    snooze_reason: str | None = None
    escalated_to: str | None = Field(None, description="the role that was told as nobody had answered")
    escalated_at: datetime | None = None
    reminded_at: datetime | None = None
    reminder_count: int = 0
    silenced_by_alert_id: int | None = Field(
        None, description="the alert that explains this one: its device is offline"
    )
    is_late: bool = Field(False, description="raised by readings that came late, as its rule allows")
    is_blind: bool = Field(False, description="its sensors say too little to judge by, for it or against it")
    title: str = Field(examples=["Tills: 6 waiting"])
    action: str = Field(examples=["Bring 12 × Oat milk 1 l to Aisle 3, left (Dry goods)"])
    words: dict[str, AlertWords] = Field(description="title and action in the languages besides English, by their tags")
    details: dict[str, str | int | float | None]
    proof: dict[str, str | int | float | None] | None = Field(
        description="what was observed that ended it; null while it lasts, or if its rule was withdrawn"
    )


class Alerts(Answer):
    """A page of alerts, newest first."""

    alerts: list[Alert]
    next: str | None = Field(description="give this as after for the next page; null on the last one")


class AlertEvent(Answer):
    """Something that happened to an alert."""

    event_id: int
    happened_at: datetime
    kind: str = Field(
        description="opened, updated, worsened, acknowledged, taken, released, snoozed, woken, reminded, ..."
    )
    actor: str | None = Field(description="a person, key:NAME of a machine, or the alert engine")
    details: dict[str, Any] | None


class WholeAlert(Alert):
    """An alert with its history."""

    remind_due_at: datetime | None = Field(description="when the next reminder goes out")
    escalate_due_at: datetime | None = Field(description="when the next role is told")
    escalate_due_to: str | None = Field(description="which role that is; none where none is left to tell")
    allowed: list[str] = Field(description="what whoever asks may do with it now and would change something")
    events: list[AlertEvent] = Field(description="oldest first")


class TakeQuestion(Question):
    """How to take an alert in hand."""

    is_takeover: bool = Field(False, description="take it from whoever has it in hand")


class ResolveQuestion(Question):
    """What was done."""

    note: Text | None = None


class DismissQuestion(Question):
    """Why nothing is to be done."""

    reason: DismissReason = Field(description="wrong: not so; not_useful: true, but not worth telling")
    note: Text | None = Field(None, description="needed with the reason other")


class SnoozeQuestion(Question):
    """For how long, and why."""

    until: AwareDatetime | None = None
    for_s: Annotated[float, Field(ge=60, le=604_800)] | None = None
    reason: Text

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.until is None) == (self.for_s is None):
            raise ValueError("give either until or for_s")
        return self


class NoteQuestion(Question):
    """What to write down."""

    text: Text


class ReportQuestion(Question):
    """What somebody saw that no sensor sees."""

    what: reports.What
    place_kind: reports.PlaceKind | None = Field(None, description="what place_id names; none: the store")
    place_id: Id | None = None
    note: Text | None = None
    severity: Severity | None = Field(None, description="instead of what is usual for it")

    @model_validator(mode="after")
    def _a_place(self) -> Self:
        if (self.place_kind is None) != (self.place_id is None):
            raise ValueError("give place_kind and place_id together")
        return self


class Times(Answer):
    """Seconds from the opening; null where there was none."""

    median: float | None
    p90: float | None


class MeanTimes(Times):
    """The same with the mean."""

    mean: float | None


class Dismissals(Answer):
    """Dismissed alerts by reason."""

    wrong: int
    not_useful: int
    otherwise: int


class CardLine(Answer):
    """How good some alerts were, by what staff did with them."""

    alerts: int
    right: int = Field(description="acknowledged, taken in hand, or dismissed as done already")
    wrong: int = Field(description="dismissed as wrong or not useful")
    unknown: int
    precision: float | None = Field(description="right / (right + wrong)")
    precision_low: float | None = Field(description="lower bound, 95 %")
    precision_high: float | None = Field(description="upper bound, 95 %")
    acknowledged: int
    acknowledge_s: MeanTimes
    resolved_by_proof: int
    resolved_by_hand: int
    resolve_s: Times
    dismissed: Dismissals
    escalated: int
    reminders: int
    standing: int = Field(description="not over yet")


class RuleLine(CardLine):
    """The same of one rule."""

    rule_id: str
    kind: str


class BusiestHour(Answer):
    """The hour of the span, counted from its beginning, with the most alerts."""

    at: datetime
    alerts: int


class Load(Answer):
    """How many alerts there were to bear."""

    alerts_per_hour: float
    alerts_per_hour_and_person: float | None
    busiest_hour: BusiestHour | None


class PersonLine(Answer):
    """What went to a person and what they did; told is null for who is not on the list of people."""

    name: str
    alerts_told: int | None
    messages: int | None
    acknowledged: int
    taken: int
    resolved: int
    dismissed: int
    snoozed: int
    reported: int


class ReportCard(SpanAnswer):
    """How good a store's alerts are."""

    all: CardLine
    rules: list[RuleLine]
    load: Load
    people: list[PersonLine]
