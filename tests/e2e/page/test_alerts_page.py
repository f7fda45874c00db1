"""The alerts page: the inbox and its actions, an alert whole, a rule tried and changed, the report card."""

from playwright.sync_api import Page, Route, expect

from fixtures.fake_backend import FakeBackend
from fixtures.page_states import eventually


def open_tab(open_page, backend: FakeBackend, tab: str = "", **options) -> Page:
    page: Page = open_page(path=f"/#store=corner-market&page=alerts{tab}", **options)
    return page


def test_an_alert_is_taken_and_dismissed_with_a_reason(open_page, backend: FakeBackend) -> None:
    page = open_tab(open_page, backend)
    card = page.locator('#inbox [data-alert="7"]')
    card.get_by_role("button", name="Take: Queue").click()
    expect(card).to_contain_text("In your hands")
    card.get_by_role("button", name="More").click()
    card.get_by_role("button", name="Dismiss").click()
    page.get_by_label("It is not so").check()
    page.get_by_role("button", name="Send").click()
    expect(card).to_have_count(0)
    assert backend.alerts.done[-1][2] == {"reason": "wrong", "note": None}


def test_an_alert_has_an_address_with_its_history(open_page, backend: FakeBackend) -> None:
    page = open_tab(open_page, backend, "&alert=7")
    expect(page.locator('[data-detail="7"] .timeline')).to_contain_text("Opened")
    page.keyboard.press("Escape")
    expect(page.locator("[data-detail]")).to_have_count(0)


def test_a_changed_threshold_is_tried_on_the_past_and_saved(open_page, backend: FakeBackend) -> None:
    backend.role = "manager"
    page = open_tab(open_page, backend, "&tab=rules&rule=queues")
    page.get_by_label("Opens at people waiting").fill("8")
    page.get_by_label("Opens at people waiting").blur()
    page.get_by_role("button", name="Try it").click()
    row = page.locator(".compare tbody tr").first
    expect(row.locator("td")).to_have_text(["8", "5"])
    page.get_by_role("button", name="Save and go live").click()
    expect(page.locator("#rules")).to_contain_text("8 waiting")


def test_a_rule_says_who_is_told_one_after_the_other_while_nobody_answers(open_page, backend: FakeBackend) -> None:
    chain = {"remind_every_s": 600.0, "escalate_after_s": 1800.0, "escalate_to": "manager"}
    backend.alerts.rules[0]["rule"]["escalation"] = chain | {"then": [{"after_s": 3600.0, "to": "admin"}]}
    page = open_tab(open_page, backend, "&tab=rules&rule=queues")
    said = page.locator("[data-escalation]")
    expect(said).to_have_text(
        "While nobody answers: a reminder every 10 min, managers are told after 30 min, admins are told after 1 h more."
    )


def test_what_is_typed_stands_though_the_page_is_drawn_anew(open_page, backend: FakeBackend) -> None:
    backend.role = "manager"
    page = open_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/rules/queues/versions*", hold)
    page.goto(f"{backend.url}/#store=corner-market&page=alerts&tab=rules&rule=queues")
    field = page.get_by_label("Opens at people waiting")
    field.focus()
    page.keyboard.press("End")
    page.keyboard.type(".50")
    version = {"version": 1, "rule": None, "edited_by": "ana", "edited_at": "2026-03-02T10:00:00Z"}
    eventually(page, lambda: bool(held), "the page asks for the versions")
    held[0].fulfill(json={"versions": [version]})
    expect(page.get_by_text("Earlier versions")).to_be_visible()
    expect(field).to_have_value("5.50")


def test_the_report_card_tells_precision(open_page, backend: FakeBackend) -> None:
    backend.role = "manager"
    page = open_tab(open_page, backend, "&tab=report")
    expect(page.locator('[data-figure="precision"]')).to_contain_text("75 %")
