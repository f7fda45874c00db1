"""Rules: schedules on the store's clock, thresholds with hysteresis, and sense in their store."""

from datetime import datetime

import pytest
from pydantic import ValidationError

from storesense_contracts.layout import StoreLayout
from storesense_contracts.rule_checks import rule_problems, subject_ids
from storesense_contracts.rule_frame import Escalation, Hours, template_fields
from storesense_contracts.rules import KINDS, RULE

LAYOUT = StoreLayout.model_validate(
    {
        "id": "s",
        "name": "S",
        "time_zone": "UTC",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "front", "name": "Front"}, {"id": "back", "name": "Back"}],
        "zones": [{"id": "hall", "name": "Hall"}],
        "lanes": [{"id": "lane-1", "name": "Lane 1"}],
        "queues": [
            {"id": "a", "name": "A", "section": "front", "lanes": ["lane-1"]},
            {"id": "b", "name": "B", "section": "back"},
        ],
    }
)


def rule(kind, **given):
    return RULE.validate_python({"kind": kind, "id": "r"} | given)


@pytest.mark.parametrize(
    ("hours", "local", "covers"),
    [
        ({"from_local": "08:00", "until_local": "20:00"}, "2026-11-20T08:00", True),
        ({"from_local": "08:00", "until_local": "20:00"}, "2026-11-20T20:00", False),
        ({"from_local": "08:00", "until_local": "24:00"}, "2026-11-20T23:59", True),
        ({"days": ["fri"], "from_local": "22:00", "until_local": "06:00"}, "2026-11-20T23:00", True),
        # The night of Friday ends on Saturday; that of Thursday is none.
        ({"days": ["fri"], "from_local": "22:00", "until_local": "06:00"}, "2026-11-21T05:59", True),
        ({"days": ["fri"], "from_local": "22:00", "until_local": "06:00"}, "2026-11-20T05:00", False),
        # YAML reads 20:30 as a number to the base of sixty.
        ({"from_local": 480, "until_local": 1230}, "2026-11-20T20:29", True),
    ],
)
def test_hours_of_a_schedule(hours, local, covers):
    assert Hours.model_validate(hours).covers(datetime.fromisoformat(local)) is covers


@pytest.mark.parametrize(
    "hours",
    [
        {"from_local": "08:00", "until_local": "08:00"},
        {"from_local": "24:00", "until_local": "00:00"} | {"days": []},
        {"from_local": "8:00"},
        {"until_local": "25:00"},
    ],
)
def test_hours_that_are_none(hours):
    with pytest.raises(ValidationError):
        Hours.model_validate(hours)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"then": [{"after_s": 60, "to": "admin"}]}, "follows nothing"),
        ({"escalate_after_s": 60, "then": [{"after_s": 60, "to": "manager"}]}, "no higher role than manager"),
        ({"escalate_after_s": 60, "escalate_to": "admin", "then": [{"after_s": 60, "to": "staff"}]}, "no higher role"),
        ({"escalate_after_s": 60, "then": [{"after_s": 5, "to": "admin"}]}, "greater than or equal to 30"),
    ],
)
def test_an_escalation_that_would_tell_nobody_new_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        Escalation.model_validate(given)


def test_an_escalation_may_go_up_to_the_top():
    chain = {"escalate_after_s": 60, "escalate_to": "staff"}
    chain |= {"then": [{"after_s": 60, "to": "manager"}, {"after_s": 90, "to": "admin"}]}
    assert [step.to for step in Escalation.model_validate(chain).then] == ["manager", "admin"]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("queue_too_long", {"open_at_length": 5, "resolve_at_length": 5}),
        ("queue_too_long", {"open_at_length": 5, "resolve_at_length": 2, "critical_at_length": 5}),
        ("wait_too_long", {"open_at_wait_s": 60, "resolve_at_wait_s": 90}),
        ("predicted_empty", {"open_within_h": 3, "resolve_beyond_h": 3}),
        ("environment_limit", {"quantity": "temperature_c"}),
        ("environment_limit", {"quantity": "temperature_c", "at_least": 8, "at_most": 2}),
        ("environment_limit", {"quantity": "temperature_c", "at_least": 2, "at_most": 3, "hysteresis": 0.5}),
        ("sensors_contradict", {"open_at_share": 0.1, "resolve_at_share": 0.1}),
    ],
)
def test_thresholds_that_would_flap_or_never_fire_are_refused(kind, given):
    with pytest.raises(ValidationError):
        rule(kind, **given)


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (rule("zone_crowded", zones=["attic"], open_at_people=9, resolve_at_people=5), "no zone 'attic'"),
        (rule("lanes_to_open", open_at_lanes=2), "no queue of its has more than 1 lanes"),
        (rule("low_stock"), "none of the store's slots"),
        (rule("low_stock", is_enabled=False), None),
        (rule("occupancy_limit", open_at_people=9, resolve_at_people=5), "no entrance line"),
        (rule("device_offline", devices=["cam-9"]), "no device 'cam-9'"),
        (rule("device_offline", devices=["cam-1"]), None),
        (rule("wait_too_long", open_at_wait_s=60, resolve_at_wait_s=30, sections=["front"]), None),
    ],
)
def test_a_rule_must_make_sense_in_its_store(made, problem):
    found = rule_problems(LAYOUT, made, device_ids=["cam-1"])
    assert [problem in each.message for each in found] == ([] if problem is None else [True])


def test_a_scope_by_section_picks_its_queues():
    made = rule("wait_too_long", open_at_wait_s=60, resolve_at_wait_s=30, sections=["back"])
    assert subject_ids(LAYOUT, made) == ["b"]


def test_every_kind_has_one_name():
    assert len(KINDS) == len(set(KINDS)) == 26


@pytest.mark.parametrize("text", ["{", "{0}", "{a!r}", "{a:>9}", "{a.b}", "{a[0]}"])
def test_a_template_takes_plain_fields_alone(text):
    with pytest.raises(ValueError, match=r"field|expected|encountered"):
        template_fields(text)
