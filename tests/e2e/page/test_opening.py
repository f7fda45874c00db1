"""What the first view shows is asked for before the scripts have come."""

import threading

import pytest
from playwright.sync_api import Route, expect

from fixtures.fake_backend import FakeBackend

_STREAM = "GET /api/v1/stores/corner-market/stream"


def test_figures_show_before_the_stream_has_begun(open_page, backend: FakeBackend) -> None:
    held = backend.held[_STREAM] = threading.Event()
    page = open_page(path="/#store=corner-market", is_live=False)
    expect(page.locator("[data-figure=queue] .figure-value")).to_have_text("6")
    held.set()
    piecemeal = {"GET /api/v1/session", "GET /api/v1/stores", "GET /api/v1/stores/corner-market"}
    assert backend.requests[0] == "GET /api/v1/opening"
    assert not piecemeal.intersection(backend.requests)


def test_changes_since_then_come_with_the_stream(open_page, backend: FakeBackend) -> None:
    held = backend.held[_STREAM] = threading.Event()
    page = open_page(path="/#store=corner-market", is_live=False)
    figure = page.locator("[data-figure=queue] .figure-value")
    expect(figure).to_have_text("6")
    for queue in backend.stores["corner-market"]["snapshot"]["queues"]:
        queue["length"] = 0
    held.set()
    expect(figure).to_have_text("0")
    assert backend.requests.count("GET /api/v1/stores/corner-market") == 0


@pytest.mark.parametrize("status", [404, 503])
def test_without_it_the_page_asks_piece_by_piece(open_page, backend: FakeBackend, status: int) -> None:
    backend.refusals["GET /api/v1/opening"] = (status, "refused")
    page = open_page(path="/#store=corner-market")
    expect(page.locator("[data-figure=queue] .figure-value")).to_have_text("6")
    assert "GET /api/v1/session" in backend.requests


def test_nobody_signed_in_is_asked_to_sign_in_at_once(open_page, backend: FakeBackend) -> None:
    page = open_page(signed_in=False)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert [name for name in backend.requests if "/api/" in name] == ["GET /api/v1/opening"]


def test_a_page_that_has_not_come_yet_is_awaited_and_the_one_before_does_not_stand_under_its_name(open_page) -> None:
    page = open_page(path="/#store=corner-market")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/app/pages/devices.js", hold)
    page.get_by_role("link", name="Devices").click()
    expect(page.locator("main.devices-page .loading")).to_be_visible()
    expect(page.locator("main #floor")).to_have_count(0)
    held[0].continue_()
    expect(page.locator("main.devices-page #device-list")).to_be_visible()
    # What has come once is there at once, with what was known of it.
    page.get_by_role("link", name="Floor").click()
    expect(page.locator("main.floor-page #floor")).to_be_visible()
