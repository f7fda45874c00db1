"""Signing in and out, and a session that ends."""

from playwright.sync_api import Page, expect

from fixtures.fake_backend import FakeBackend


def test_the_first_screen_is_the_sign_in_and_leads_to_the_store(open_page, sign_in) -> None:
    page: Page = open_page(signed_in=False)
    expect(page.get_by_label("User name")).to_be_focused()
    sign_in(page)
    expect(page.get_by_role("heading", name="Corner Market")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_wrong_password_says_what_to_check_and_keeps_the_name(open_page, sign_in) -> None:
    page: Page = open_page(signed_in=False)
    sign_in(page, "guess")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.get_by_label("User name")).to_have_value("mia")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    sign_in(page)
    expect(page.get_by_role("heading", name="Store floor")).to_be_visible()


def test_empty_fields_are_named_without_asking_the_server(open_page, backend: FakeBackend) -> None:
    page: Page = open_page(signed_in=False)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Type your user name.")
    page.get_by_label("User name").fill("mia")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Type your password.")
    assert "POST /api/v1/session" not in backend.requests


def test_server_trouble_is_not_blamed_on_the_password(open_page, sign_in, backend: FakeBackend) -> None:
    page: Page = open_page(signed_in=False)
    backend.refusals["POST /api/v1/session"] = (429, "too_many_attempts")
    sign_in(page)
    expect(page.get_by_role("alert")).to_contain_text("Too many attempts")
    backend.stop()
    sign_in(page)
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")


def test_the_password_can_be_shown(open_page) -> None:
    page: Page = open_page(signed_in=False)
    page.get_by_label("Password", exact=True).fill("secret words")
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")


def test_signing_out_ends_the_session_and_forgets_the_store(open_page, backend: FakeBackend) -> None:
    page: Page = open_page()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("User name")).to_be_visible()
    assert backend.sessions == set()
    expect(page).to_have_url(backend.url + "/")
    page.reload()
    expect(page.get_by_label("User name")).to_be_visible()


def test_an_ended_session_asks_again_and_returns_to_the_same_view(open_page, sign_in, backend: FakeBackend) -> None:
    page: Page = open_page(path="/#item=queue:tills&heat=0")
    # Of this request alone: any other, made by the page itself, would take the button away before it is pressed.
    backend.refusals["POST /api/v1/stores/corner-market/alerts/7/acknowledge"] = (401, "not_signed_in")
    page.get_by_role("button", name="Acknowledge: Queue at the tills").click()
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    sign_in(page)
    expect(page.locator("#detail-title")).to_have_text("Tills")
    expect(page.get_by_role("switch", name="Heat")).not_to_be_checked()


def test_a_viewer_may_look_and_is_told_so(open_page, backend: FakeBackend) -> None:
    backend.role = "viewer"
    page: Page = open_page()
    expect(page.get_by_text("Your account may look, not acknowledge.").first).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
