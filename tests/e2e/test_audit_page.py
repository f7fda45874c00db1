"""Somebody with a phone signs in, tallies three people and reads the error; nothing of the page breaks."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from storesense_edge.local_password import write_password
from storesense_edge.local_server import AuditLine, Doorman, LocalAudit, LocalServer
from storesense_edge.trajectories import TrajectoryFile

PASSWORD = "correct horse battery"


@pytest.fixture
def trajectories(tmp_path: Path) -> TrajectoryFile:
    return TrajectoryFile(tmp_path / "cam.trajectories.db")


class Clock:
    """Stands a minute ahead once somebody waited, so that no test does."""

    ahead_s = 0.0

    def now_s(self) -> float:
        return time.time() + self.ahead_s

    def wait(self, duration_s: float) -> None:
        self.ahead_s += duration_s


@pytest.fixture
def address(tmp_path: Path, trajectories: TrajectoryFile) -> Iterator[str]:
    write_password(tmp_path / "audit.password", PASSWORD)
    cameras = {"cam": LocalAudit(trajectories, (AuditLine("door", "Front door", (0.1, 0.6), (0.9, 0.4), "right"),))}
    clock, listen = Clock(), ("127.0.0.1", 0)
    doorman = Doorman(tmp_path / "audit.password")
    with LocalServer(cameras, doorman, listen, now_s=clock.now_s, wait=clock.wait) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    pages: list[Page] = []
    broken: list[str] = []

    def open_it(width: int = 390, locale: str = "en-GB") -> Page:
        page = browser.new_page(viewport={"width": width, "height": 780}, locale=locale)
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(address)
        pages.append(page)
        return page

    yield open_it
    for page in pages:
        page.context.close()
    assert broken == []


def sign_in(page: Page) -> None:
    page.locator("#password").fill(PASSWORD)
    page.locator("#login button").click()
    expect(page.locator("#choose, #tally").filter(visible=True)).to_have_count(1)


def measures(trajectories: TrajectoryFile, *crossings: tuple[int, str, bool]) -> None:
    now_ms = int(time.time() * 1000)
    paths = [(now_ms - 60_000 + 500 * n, track, 0.1 + n / 50, 0.3 * track) for track in (1, 2) for n in range(40)]
    trajectories.append(paths, crossings, [(now_ms - 600_000, now_ms + 600_000)])


def test_a_tally_on_a_phone(opened: Callable[..., Page], trajectories: TrajectoryFile) -> None:
    page = opened()
    page.get_by_label("Password").fill("a wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status")).to_contain_text("That is not the password.")
    sign_in(page)
    page.get_by_role("button", name="Start").click()
    for name in ("#in", "#in", "#out"):
        page.locator(name).click()
    page.get_by_role("button", name="Take back the last").click()
    expect(page.locator("#in")).to_have_text("In2")
    expect(page.locator("#out")).to_have_text("Out0")
    # A phone that locks loads the page anew; nobody who was tallied is lost.
    page.reload()
    expect(page.locator("#in")).to_have_text("In2")
    measures(trajectories, (int(time.time() * 1000), "door", True))
    page.get_by_role("button", name="Finish").click()
    cells = page.locator("#result tbody tr").first.locator("td")
    expect(cells).to_have_text(["Front door, In", "2", "1", "1", "0", re.compile("^−50.0 %")])
    expect(page.locator("#result tbody tr").nth(1)).to_contain_text("nobody tallied")
    expect(page.locator("#choose")).to_be_visible()
    (audit,) = trajectories.take_audits()
    assert audit.accuracy[0].tallied_count == 2
    page.reload()
    expect(page.locator("#choose")).to_be_visible()


@pytest.mark.parametrize(("width", "locale"), [(390, "zh-CN"), (1440, "en-GB")])
def test_what_the_camera_followed_is_drawn_for_whoever_is_signed_in(
    opened: Callable[..., Page], trajectories: TrajectoryFile, width: int, locale: str
) -> None:
    measures(trajectories, (int(time.time() * 1000) - 9_000, "door", True))
    page = opened(width, locale)
    sign_in(page)
    page.locator("#look").click()
    says = "2 条轨迹；计入进 1、出 0" if locale == "zh-CN" else "2 paths; counted 1 in, 0 out"
    expect(page.locator("#seen-say")).to_contain_text(says)
    drawn = "document.querySelector('#floor').getContext('2d').getImageData(0, 0, 1280, 720).data.some((v) => v)"
    assert page.evaluate(drawn)
    alpha = "([x, y]) => document.querySelector('#floor').getContext('2d').getImageData(x, y, 1, 1).data[3]"
    tip, mirrored = [653, 455], [627, 265]
    assert page.evaluate(alpha, tip) == 255, "whoever walks down the picture ends on the right of this line, and is in"
    assert page.evaluate(alpha, mirrored) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#leave").click()
    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#seen")).to_be_hidden()


def test_a_tally_without_a_camera_is_kept_for_another_try(
    opened: Callable[..., Page], trajectories: TrajectoryFile
) -> None:
    trajectories.append([], [])
    page = opened()
    sign_in(page)
    page.get_by_role("button", name="Start").click()
    page.locator("#in").click()
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("status")).to_contain_text("measured for 0 % of that time only")
    expect(page.get_by_role("status")).to_contain_text("Nothing is lost")
    measures(trajectories)
    page.get_by_role("button", name="Finish").click()
    expect(page.locator("#result tbody tr").first).to_contain_text("−100.0 %")
