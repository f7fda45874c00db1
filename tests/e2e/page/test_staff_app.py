"""The staff app: taken and done in two taps, offline too, and sent once."""

from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.fake_backend import FakeBackend


def task(page: Page, alert_id: int):
    return page.locator(f'[data-alert="{alert_id}"]')


def open_app(open_page, backend: FakeBackend) -> Page:
    page: Page = open_page(width=390)
    page.goto(backend.url + "/staff#alert=7")
    expect(task(page, 7)).to_be_visible()
    return page


def test_an_alert_is_taken_and_said_to_be_done_with_a_tap_each(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    task(page, 7).get_by_role("button", name="Take").click()
    task(page, 7).get_by_role("button", name="Done").click()
    expect(task(page, 7)).to_contain_text("It closes when the sensors see it")
    expect(page.locator("[data-waiting]")).to_have_count(0)
    assert [path.rsplit("/", 1)[1] for path, _, _ in backend.alerts.done] == ["take", "note"]
    backend.alert(fake_store.queue_alert(state="resolved", resolved_at=fake_store.instant(), proof={"length": 1}))
    expect(task(page, 7)).to_have_count(0)


def test_what_is_done_without_a_network_is_sent_once_when_it_is_back(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    page.context.set_offline(True)
    task(page, 7).get_by_role("button", name="Take").click()
    expect(page.locator("[data-waiting]")).to_have_text("1 to send")
    expect(task(page, 7).get_by_role("button", name="Done")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("[data-waiting]")).to_have_count(0)
    assert [path.rsplit("/", 1)[1] for path, _, _ in backend.alerts.done] == ["take"]


def test_what_no_sensor_sees_is_reported(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    page.get_by_role("button", name="Report").click()
    page.get_by_role("button", name="Spill").click()
    expect(page.get_by_text("Reported: spill")).to_be_visible()
    assert backend.alerts.done[0][2]["what"] == "spill"


def test_who_cannot_says_why_and_gives_it_back(open_page, backend: FakeBackend) -> None:
    page = open_app(open_page, backend)
    task(page, 7).get_by_role("button", name="Take").click()
    task(page, 7).get_by_role("button", name="Cannot").click()
    page.get_by_role("button", name="I am with a customer").click()
    expect(task(page, 7).get_by_role("button", name="Take")).to_be_visible()
    expect(page.locator("[data-waiting]")).to_have_count(0)
    assert [path.rsplit("/", 1)[1] for path, _, _ in backend.alerts.done] == ["take", "note", "release"]
