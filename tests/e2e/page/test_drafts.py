"""A session that ends while somebody types: nothing typed is lost, and nobody else sees it."""

from playwright.sync_api import Page, expect

from fixtures import fake_store
from fixtures.fake_backend import PASSWORD, USER_NAME, FakeBackend
from fixtures.page_states import at_rest


def end_session(page: Page, backend: FakeBackend) -> None:
    at_rest(page)
    backend.stop()
    backend.sessions.clear()
    backend.start()
    expect(page.get_by_text("Your session has ended.")).to_be_visible()


def sign_in(page: Page) -> None:
    page.get_by_label("User name").fill(USER_NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_rule_being_edited_is_there_again_after_signing_in(open_page, backend: FakeBackend) -> None:
    backend.role = "manager"
    page: Page = open_page()
    page.goto(f"{backend.url}/#store={fake_store.STORE_ID}&page=alerts&tab=rules&rule=queues")
    field = page.get_by_label("Opens at people waiting")
    field.fill("9")
    end_session(page, backend)
    sign_in(page)
    expect(field).to_have_value("9")
    expect(page.get_by_role("dialog")).to_contain_text("it is not saved yet")
    page.get_by_role("button", name="Save and go live").click()
    expect(page.locator("#rules")).to_contain_text("9 waiting")


def test_what_was_given_up_or_left_by_choice_is_forgotten(open_page, backend: FakeBackend) -> None:
    backend.role = "manager"
    page: Page = open_page()
    address = f"{backend.url}/#store={fake_store.STORE_ID}&page=alerts&tab=rules&rule=queues"
    page.goto(address)
    field = page.get_by_label("Opens at people waiting")
    field.fill("9")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(address)
    expect(field).to_have_value("5")
    field.fill("9")
    end_session(page, backend)
    page.get_by_label("User name").fill("somebody-else")
    page.get_by_label("Password", exact=True).fill("guess")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    sign_in(page)
    expect(field).to_have_value("5")
