"""What alerts say to people."""

import pytest

from storesense_backend.alerts.kinds.catalogue import KINDS
from storesense_backend.alerts.wording import action, title
from storesense_backend.alerts.words import WORDS
from storesense_contracts.rule_frame import BASE_FIELDS, template_fields
from storesense_contracts.rules import RULE, AnyRule

MILK = {"product_name": "Oat milk 1 l", "subject_name": "Chiller 1, left", "section_name": "Chilled"}


@pytest.mark.parametrize(
    ("kind", "details", "expected"),
    [
        ("queue_too_long", {"subject_name": "Tills", "length": 6}, ("Tills: 6 waiting", "Open another lane")),
        (  # a name that says already what it is
            "queue_too_long",
            {"subject_name": "Queue at the tills", "length": 7},
            ("Queue at the tills: 7 waiting", "Open another lane"),
        ),
        (
            "data_lost",
            {"subject_name": "cam-1", "lost_messages": 40},
            ("cam-1: 40 messages lost", "Check the device's connection and its disk"),
        ),
        (
            "low_stock",
            MILK | {"units": 2, "units_needed": 12},
            ("Oat milk 1 l runs low: 2 left", "Bring 12 × Oat milk 1 l to Chiller 1, left (Chilled)"),
        ),
        (
            "low_stock",
            MILK | {"units": 0, "units_needed": 14},
            ("Oat milk 1 l is out of stock", "Bring 14 × Oat milk 1 l to Chiller 1, left (Chilled)"),
        ),
        (  # something else was put there
            "low_stock",
            MILK | {"units": 2, "units_needed": 12, "outcome": "wrong_product", "guest_g": 2400.0},
            (
                "Oat milk 1 l runs low: 2 left",
                (
                    "Take away what does not belong there (2400.0 g), "
                    "and bring 12 × Oat milk 1 l to Chiller 1, left (Chilled)"
                ),
            ),
        ),
        (  # a slot named as its section
            "low_stock",
            MILK | {"units": 1, "units_needed": 3, "subject_name": "Chilled"},
            ("Oat milk 1 l runs low: 1 left", "Bring 3 × Oat milk 1 l to Chilled"),
        ),
        (  # a store without sections
            "low_stock",
            {"product_name": "Salt", "subject_name": "Aisle 3", "section_name": "", "units": 1, "units_needed": 3},
            ("Salt runs low: 1 left", "Bring 3 × Salt to Aisle 3"),
        ),
        ("of_the_future", {"subject_name": "Zone A"}, ("Zone A: of the future", "Have a look")),
    ],
)
def test_title_and_action(kind, details, expected):
    assert (title(kind, details), action(kind, details)) == expected


def test_an_alert_of_an_older_release_still_reads():
    assert title("low_stock", {})
    assert action("low_stock", {}) == "Bring ? × ? to its shelf"
    assert title("queue_too_long", {}) == "? waiting"


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_that_name_only_its_own_fields(language, kind):
    (rule,) = (cls for cls in AnyRule.__args__ if cls.model_fields["kind"].annotation.__args__ == (kind,))
    known = {*BASE_FIELDS, *rule.TEMPLATE_FIELDS, "product", "place", "product_name"}
    for text in WORDS[language].kinds[kind]:
        assert set(template_fields(text)) <= known


def test_a_rule_may_bring_words_of_its_own_in_some_languages():
    own = {"zh-CN": {"title": "{subject_name} 有 {length} 人", "action": "开台"}}
    told = {"subject_name": "Tills", "length": 7}
    assert title("queue_too_long", told, "zh-CN", own) == "Tills 有 7 人"
    assert action("queue_too_long", told, "zh-CN", own) == "开台"
    assert title("queue_too_long", told, "en", own) == "Tills: 7 waiting"


def test_what_has_a_text_in_a_language_says_that_there_and_nowhere_else():
    told = {
        "subject_name": "Visitors",
        "subject_name_zh": "客流量",
        "explanation": "14:00–15:00: 212, usual 95",
        "explanation_zh": "14:00–15:00：212，通常为 95",
    }
    assert title("kpi_anomaly", told) == "Visitors: 14:00–15:00: 212, usual 95"
    assert title("kpi_anomaly", told, "zh-CN") == "客流量：14:00–15:00：212，通常为 95"
    own = {"zh-CN": {"title": "{subject_name} 异常", "action": "请看 {explanation}"}}
    assert title("kpi_anomaly", told, "zh-CN", own) == "客流量 异常"
    assert action("kpi_anomaly", told, "zh-CN", own) == "请看 14:00–15:00：212，通常为 95"


def test_a_template_with_a_missing_field_is_refused_with_the_fields_there_are():
    spec = {"kind": "zone_crowded", "id": "a", "open_at_people": 9, "resolve_at_people": 5}
    with pytest.raises(
        ValueError, match=r"no field \{length\}; known are people, section_name, subject_name, threshold"
    ):
        RULE.validate_python(spec | {"messages": {"en": {"title": "{length} there", "action": "look"}}})
    with pytest.raises(ValueError, match="is no field"):
        RULE.validate_python(spec | {"messages": {"en": {"title": "{people.__class__}", "action": "look"}}})
