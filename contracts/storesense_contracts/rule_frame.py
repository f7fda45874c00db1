"""What every rule has, whatever its kind: whom it concerns, when it holds, what it says and to whom."""

import re
from datetime import datetime, timedelta
from string import Formatter
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from storesense_contracts.layout import Id, StrictModel, refuse_control_characters
from storesense_contracts.yaml_file import mistake

Severity = Literal["info", "warning", "critical"]
Language = Literal["en", "zh-CN"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Duration = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False, description="seconds")]
People = Annotated[int, Field(ge=1, le=100_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def _from_sexagesimal(value: Any) -> Any:
    # YAML reads an unquoted 20:30 as the number 1230 to the base of sixty.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_440:
        return f"{value // 60:02d}:{value % 60:02d}"
    return value


def _local_time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is no time of day; write it as 08:30, up to 24:00")
    return text


LocalTime = Annotated[str, BeforeValidator(_from_sexagesimal), AfterValidator(_local_time)]


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


class Hours(StrictModel):
    """A stretch of some days on the store's own clock; one that ends before it begins ends on the next day."""

    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7)] = DAYS
    from_local: LocalTime = "00:00"
    until_local: LocalTime = "24:00"

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if _minute(self.from_local) % 1_440 == _minute(self.until_local):
            raise mistake(
                "ends when it begins, so that the rule could never fire; for a whole day write 00:00 to 24:00",
                "until_local",
            )
        return self

    def covers(self, local: datetime) -> bool:
        """Tell whether a time on the store's clock lies in it."""
        minute = local.hour * 60 + local.minute
        start, end = _minute(self.from_local), _minute(self.until_local)
        if start < end:
            return DAYS[local.weekday()] in self.days and start <= minute < end
        if minute >= start:
            return DAYS[local.weekday()] in self.days
        return minute < end and DAYS[(local - timedelta(days=1)).weekday()] in self.days


Template = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(refuse_control_characters)]


def template_fields(text: str) -> list[str]:
    """Return the fields that a template names in braces. Raises ValueError where it is none."""
    fields = []
    for _, name, layout, conversion in Formatter().parse(text):
        if name is None:
            continue
        if layout or conversion or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ValueError(f"{{{name}}} is no field; write plain names in braces, such as {{subject_name}}")
        fields.append(name)
    return fields


class Message(StrictModel):
    """What an alert says in one language; fields in braces, such as ``{subject_name}``, are filled in."""

    title: Template
    action: Template


EscalationRole = Literal["staff", "manager", "admin"]
ESCALATION_ROLES: tuple[EscalationRole, ...] = ("staff", "manager", "admin")
Patience = Annotated[float, Field(ge=30, le=86_400, allow_inf_nan=False, description="seconds")]


class EscalationStep(StrictModel):
    """The next role that is told, so long after the role before was."""

    after_s: Patience
    to: EscalationRole


class Escalation(StrictModel):
    """What happens to an alert that nobody acknowledges.

    Attributes:
        remind_every_s: whoever was told is reminded.
        escalate_after_s: how long after the opening the role ``escalate_to`` is told.
        then: the roles that are told afterwards, each higher than the one before.
    """

    remind_every_s: Patience | None = None
    escalate_after_s: Patience | None = None
    escalate_to: EscalationRole = "manager"
    then: Annotated[tuple[EscalationStep, ...], Field(max_length=2)] = ()

    @model_validator(mode="after")
    def _upwards(self) -> Self:
        if self.then and self.escalate_after_s is None:
            raise mistake("follows nothing: give escalate_after_s, or leave it out", "then")
        before = self.escalate_to
        for place, step in enumerate(self.then):
            if ESCALATION_ROLES.index(step.to) <= ESCALATION_ROLES.index(before):
                raise mistake(
                    f"{step.to} is no higher role than {before}, who was told before; to tell them again use "
                    "remind_every_s",
                    "then",
                    place,
                    "to",
                )
            before = step.to
        return self


class RuleBase(StrictModel):
    """What every rule has.

    Attributes:
        schedule: when it holds, on the store's clock; always if empty.
        severity: of its alerts, instead of what the kind says.
        section: whose alerts they are, instead of the subject's own section.
        messages: by language, instead of the kind's own words.
        late_s: a reading that took longer than this to arrive decides nothing, instead of the engine's setting.
        min_quality: share of the last quarter of an hour in which the subject must have been measured; below, the
            rule says that it is blind instead of raising an alarm or a false calm.
    """

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ()
    SUBJECT: ClassVar[str] = ""

    id: Id
    is_enabled: bool = True
    schedule: Annotated[tuple[Hours, ...], Field(max_length=50)] = ()
    severity: Severity | None = None
    section: Id | None = None
    messages: dict[Language, Message] = Field(default_factory=dict)
    escalation: Escalation | None = None
    late_s: Annotated[float, Field(ge=1, le=86_400)] | None = None
    min_quality: Share = 0.5
    open_after_s: Duration = 20.0
    resolve_after_s: Duration = 20.0

    @model_validator(mode="after")
    def _templates_have_their_fields(self) -> Self:
        known = {*BASE_FIELDS, *self.TEMPLATE_FIELDS}
        for language, message in self.messages.items():
            for part in ("title", "action"):
                try:
                    fields = template_fields(getattr(message, part))
                except ValueError as exc:
                    raise mistake(str(exc), "messages", language, part) from exc
                for name in fields:
                    if name not in known:
                        raise mistake(
                            f"alerts of this kind have no field {{{name}}}; known are {', '.join(sorted(known))}",
                            "messages",
                            language,
                            part,
                        )
        return self

    def holds_at(self, local: datetime) -> bool:
        """Tell whether the rule holds at a time on the store's clock."""
        return not self.schedule or any(hours.covers(local) for hours in self.schedule)


BASE_FIELDS = ("subject_name", "section_name")


class QueueScope(RuleBase):
    """A rule about queues: those named, those of the sections named, or all."""

    SUBJECT: ClassVar[str] = "queue"
    queues: Annotated[list[Id], Field(max_length=500)] | None = None
    sections: Annotated[list[Id], Field(max_length=500)] | None = None


class ZoneScope(RuleBase):
    """A rule about zones: those named, or all."""

    SUBJECT: ClassVar[str] = "zone"
    zones: Annotated[list[Id], Field(max_length=500)] | None = None


class SlotScope(RuleBase):
    """A rule about slots: those named, those of the products or sections named, or all."""

    SUBJECT: ClassVar[str] = "slot"
    slots: Annotated[list[Id], Field(max_length=20_000)] | None = None
    skus: Annotated[list[Id], Field(max_length=20_000)] | None = None
    sections: Annotated[list[Id], Field(max_length=500)] | None = None


class DeviceScope(RuleBase):
    """A rule about registered devices: those named, or all."""

    SUBJECT: ClassVar[str] = "device"
    devices: Annotated[list[Id], Field(max_length=2_000)] | None = None


class StoreScope(RuleBase):
    """A rule about the store as a whole."""

    SUBJECT: ClassVar[str] = "store"


def check_below(rule: RuleBase, low: str, high: str) -> None:
    """Refuse thresholds without hysteresis."""
    if getattr(rule, low) >= getattr(rule, high):
        raise mistake(f"must be below {high}, or the alert would flap", low)


def check_critical(rule: RuleBase, critical: str, opened: str) -> None:
    """Refuse a second threshold that the first one hides."""
    value = getattr(rule, critical)
    if value is not None and value <= getattr(rule, opened):
        raise mistake(f"must be above {opened}, or leave it out and give severity: critical", critical)
