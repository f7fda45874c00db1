"""Who is told what."""

from datetime import datetime

import pytest

from storesense_backend.notify.routing import ALERT_OVER, QUIET, Channel, Person, Routed, Told, route
from storesense_backend.roles import Role
from storesense_contracts.rule_frame import Hours

NOON = datetime(2026, 11, 20, 12, 0)  # noqa: DTZ001 -- a store's clock, a Friday
DAY = (Hours(from_local="08:00", until_local="16:00"),)
NIGHT = (Hours(from_local="22:00", until_local="06:00"),)


def person(number, role=Role.STAFF, **values):
    return Person(person_id=number, role=role, language="en", **values)


def told(event="opened", **values):
    return Told(
        event=event, section_id=values.pop("section", "front"), severity=values.pop("severity", "warning"), **values
    )


def reached(event, people, channels=None):
    if channels is None:
        channels = [Channel(10 + each.person_id, "apprise", "en", each.person_id) for each in people]
    return [(each.channel_id - 10, each.skipped) for each in route(event, people, channels, NOON)]


@pytest.mark.parametrize(
    ("event", "people", "expected"),
    [
        pytest.param(told(), [person(1)], [(1, None)], id="staff without shifts are always there"),
        pytest.param(told(), [person(1, shifts=DAY), person(2, shifts=NIGHT)], [(1, None)], id="only who works now"),
        pytest.param(
            told(),
            [person(1, sections=frozenset({"front"})), person(2, sections=frozenset({"dairy"}))],
            [(1, None)],
            id="only the section's own",
        ),
        pytest.param(
            told(),
            [person(1, sections=frozenset({"front"}), shifts=NIGHT), person(2, sections=frozenset({"dairy"}))],
            [(2, None)],
            id="nobody of the section works, so the store's others do it",
        ),
        pytest.param(
            told(),
            [person(1, shifts=NIGHT), person(2, Role.MANAGER)],
            [(2, None)],
            id="nobody works, so the manager hears of it",
        ),
        pytest.param(
            told(), [person(1), person(2, Role.MANAGER)], [(1, None)], id="managers hear of nothing by default"
        ),
        pytest.param(
            told(),
            [person(1), person(2, Role.MANAGER, hears_all=True)],
            [(1, None), (2, None)],
            id="but of all on wish",
        ),
        pytest.param(
            told("escalated", escalated_to=(Role.MANAGER,)),
            [person(1), person(2, Role.MANAGER), person(3, Role.ADMIN)],
            [(2, None)],
            id="an escalation goes up one step",
        ),
        pytest.param(
            told("escalated", escalated_to=(Role.MANAGER, Role.ADMIN)),
            [person(1), person(2, Role.MANAGER), person(3, Role.ADMIN)],
            [(3, None)],
            id="and then the next",
        ),
        pytest.param(
            told("escalated", escalated_to=(Role.MANAGER,)),
            [person(1), person(3, Role.ADMIN)],
            [(3, None)],
            id="where nobody has the role, those above are told",
        ),
        pytest.param(
            told("escalated", escalated_to=(Role.MANAGER,)),
            [person(2, Role.MANAGER, shifts=NIGHT)],
            [(2, None)],
            id="an escalation finds somebody even off shift",
        ),
        pytest.param(
            told("reminded", escalated_to=(Role.MANAGER,)),
            [person(1), person(2, Role.MANAGER)],
            [(1, None), (2, None)],
            id="after an escalation both are reminded",
        ),
        pytest.param(
            told("reminded", escalated_to=(Role.MANAGER, Role.ADMIN)),
            [person(1), person(2, Role.MANAGER), person(3, Role.ADMIN)],
            [(1, None), (2, None), (3, None)],
            id="after two all three are",
        ),
        pytest.param(
            told("worsened", severity="critical"),
            [person(1, quiet_hours=DAY, is_woken_by_critical=True), person(2, quiet_hours=DAY), person(3)],
            [(1, None), (2, QUIET), (3, None)],
            id="what got worse calls again, and wakes whom the first call did not",
        ),
        pytest.param(
            told("worsened", is_held=True),
            [person(1)],
            [(1, "the alert is snoozed, or another one explains it")],
            id="what is snoozed stays so",
        ),
        pytest.param(told(), [person(1, quiet_hours=DAY)], [(1, QUIET)], id="quiet hours are noted"),
        pytest.param(
            told(severity="critical"),
            [person(1, quiet_hours=DAY, is_woken_by_critical=True), person(2, quiet_hours=DAY)],
            [(1, None), (2, QUIET)],
            id="what is critical passes where they want it",
        ),
        pytest.param(told(is_over=True), [person(1)], [(1, ALERT_OVER)], id="nobody is called to what is over"),
        pytest.param(told("resolved"), [person(1)], [], id="no end is told of what nobody heard of"),
        pytest.param(
            told("resolved", told_channels=frozenset({11}), is_over=True),
            [person(1)],
            [(1, None)],
            id="the end is told",
        ),
        pytest.param(told("acknowledged"), [person(1)], [], id="what others do is not told to people"),
        pytest.param(
            told("reminded", is_held=True),
            [person(1)],
            [(1, "the alert is snoozed, or another one explains it")],
            id="no reminder of what is snoozed",
        ),
    ],
)
def test_people(event, people, expected):
    assert reached(event, people) == expected


@pytest.mark.parametrize(
    ("channel", "event", "expected"),
    [
        pytest.param(Channel(1, "webhook", "en"), told("acknowledged"), True, id="machines get every event"),
        pytest.param(Channel(1, "webhook", "en"), told(is_over=True), True, id="also of what is over"),
        pytest.param(Channel(1, "mqtt", "en", sections=frozenset({"dairy"})), told(), False, id="another section"),
        pytest.param(Channel(1, "webhook", "en", min_severity="critical"), told(), False, id="not severe enough"),
        pytest.param(Channel(1, "webhook", "en", events=frozenset({"resolved"})), told(), False, id="another event"),
        pytest.param(Channel(1, "apprise", "en"), told(), True, id="a group is told of calls"),
        pytest.param(Channel(1, "apprise", "en", 99), told(), False, id="of somebody who is switched off"),
    ],
)
def test_channels(channel, event, expected):
    assert route(event, [], [channel], NOON) == ([Routed(1)] if expected else [])
