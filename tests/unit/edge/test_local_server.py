"""The audit page through HTTP on loopback: nothing without signing in, and a tally is compared."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from storesense_contracts.cli import main
from storesense_contracts.errors import UsageError
from storesense_edge.audit import SETTLE_MS
from storesense_edge.local_password import check_password, write_password
from storesense_edge.local_server import AuditLine, Doorman, LocalAudit, LocalServer
from storesense_edge.trajectories import DAY_MS, TrajectoryFile

PASSWORD = "correct horse battery"
DOOR = AuditLine("door", "Front door", (0.1, 0.5), (0.9, 0.5), "right")


class Clock:
    """Time that passes where somebody waits, and what was waited for."""

    def __init__(self) -> None:
        self.now_s = time.time()
        self.waits: list[float] = []

    def wait(self, duration_s: float) -> None:
        self.waits.append(duration_s)
        self.now_s += duration_s


@pytest.fixture(scope="module")
def password_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("state") / "audit.password"
    write_password(path, PASSWORD)
    return path


@pytest.fixture
def trajectories(tmp_path: Path) -> TrajectoryFile:
    return TrajectoryFile(tmp_path / "cam.trajectories.db")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(password_file: Path, trajectories: TrajectoryFile, clock: Clock) -> Iterator[LocalServer]:
    cameras = {"cam": LocalAudit(trajectories, (DOOR,))}
    listen = ("127.0.0.1", 0)
    with LocalServer(cameras, Doorman(password_file), listen, now_s=lambda: clock.now_s, wait=clock.wait) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(
    server: LocalServer, path: str, body: Any = None, cookie: str = "", kind: str = "application/json"
) -> tuple[int, Any, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    headers = {"Cookie": cookie, "Content-Type": kind}
    raw = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, raw, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if answer.headers.get_content_type() == "application/json" else text, answer


def sign_in(server: LocalServer) -> str:
    status, _, answer = ask(server, "/api/login", {"password": PASSWORD})
    assert status == 200
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    return str(cookie).split(";")[0]


@pytest.mark.parametrize("path", ["/api/lines", "/api/trajectories?camera=cam&from_ms=1&to_ms=2", "/audit.password"])
def test_nothing_is_told_to_whoever_is_not_signed_in(server: LocalServer, path: str) -> None:
    for cookie in ("", "storesense_audit=", "storesense_audit=guess"):
        status, answer, _ = ask(server, path, cookie=cookie)
        assert status == 401
        assert answer["error"]["code"] == "signed_out"
    assert ask(server, "/api/tally", {}, cookie="storesense_audit=guess")[0] == 401


def test_the_page_itself_holds_no_data_and_may_not_be_framed(server: LocalServer) -> None:
    status, page, answer = ask(server, "/")
    assert status == 200
    assert b"Sign in" in page
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_tally_is_compared_and_left_for_the_agent(
    server: LocalServer, trajectories: TrajectoryFile, clock: Clock
) -> None:
    now_ms = int(clock.now_s * 1000)
    crossings = [(now_ms - 50_000 + n * 10_000, "door", True) for n in range(4)]
    measured = [(now_ms - 70_000, now_ms - 40_000), (now_ms - 50_000, now_ms - 1_000)]
    trajectories.append([(now_ms - 30_000, 77, 0.25, 0.5)], [*crossings, (now_ms - 5_000, "other", True)], measured)
    cookie = sign_in(server)
    (line,) = ask(server, "/api/lines", cookie=cookie)[1]
    assert line == {"camera": "cam", "line": "door", "name": "Front door", "a": [0.1, 0.5], "b": [0.9, 0.5]} | {
        "in_side": "right"
    }
    tally = {
        "camera": "cam",
        "line": "door",
        "from_ms": now_ms - 60_000,
        "to_ms": now_ms,
        "in_ms": [now_ms - 49_000, now_ms - 41_000, now_ms - 31_000, now_ms - 19_000, now_ms - 2_000],
    }
    status, found, _ = ask(server, "/api/tally", tally, cookie)
    assert status == 200
    inward = next(each for each in found["accuracy"] if each["direction"] == "in")
    assert (inward["tallied_count"], inward["counted_count"], inward["missed_count"], inward["extra_count"]) == (
        5,
        4,
        1,
        0,
    )
    assert "error -20.0 %" in found["says"][0]
    (audit,) = trajectories.take_audits()
    assert audit.to_ms - audit.from_ms == 60_000
    # Whoever crossed last is written down some seconds later.
    assert clock.waits == [pytest.approx(SETTLE_MS / 1000, abs=0.02)]
    seen = ask(server, f"/api/trajectories?camera=cam&from_ms={now_ms - 60_000}&to_ms={now_ms}", cookie=cookie)[1]
    assert seen["points"] == [[now_ms - 30_000, 77, 0.25, 0.5]]
    assert ask(server, "/api/logout", {}, cookie)[0] == 200
    assert ask(server, "/api/lines", cookie=cookie)[0] == 401


@pytest.mark.parametrize(
    "changed",
    [{"line": "other"}, {"camera": "x"}, {"to_ms": 0}, {"in_ms": [5]}, {"in_ms": "many"}, {"extra": 1}, {"from_ms": 1}],
)
def test_a_tally_that_makes_no_sense_is_refused_and_not_kept(
    server: LocalServer, trajectories: TrajectoryFile, changed: dict[str, Any]
) -> None:
    end_ms = int(server.now_s() * 1000) - 60_000
    trajectories.append([], [], [(end_ms - 60_000, end_ms)])
    good = {"camera": "cam", "line": "door", "from_ms": end_ms - 1_000, "to_ms": end_ms, "in_ms": []}
    cookie = sign_in(server)
    status, answer, _ = ask(server, "/api/tally", {**good, **changed}, cookie)
    assert status == 422
    assert answer["error"]["message"]
    assert trajectories.take_audits() == []
    assert ask(server, "/api/tally", good, cookie)[0] == 200


@pytest.mark.parametrize(
    ("from_s", "to_s", "says"),
    [
        (-600, -300, "for 0 % of that time"),
        (-310, -210, "for 80 % of that time"),
        (-86_500, -86_000, "more than a day ago"),
        (-30, 60, "not written yet"),
    ],
)
def test_a_tally_of_a_time_that_the_camera_did_not_measure_blames_nobody(
    server: LocalServer, trajectories: TrajectoryFile, clock: Clock, from_s: int, to_s: int, says: str
) -> None:
    now_ms = int(clock.now_s * 1000)
    trajectories.append([], [], [(now_ms - 290_000, now_ms)])
    tally = {"camera": "cam", "line": "door", "from_ms": now_ms + from_s * 1_000, "to_ms": now_ms + to_s * 1_000}
    status, answer, _ = ask(server, "/api/tally", tally, sign_in(server))
    assert status == 422
    assert says in answer["error"]["message"]
    assert trajectories.take_audits() == []
    assert clock.waits == []


def test_whoever_is_tallied_at_the_edge_of_the_time_may_be_counted_just_beyond_it(
    server: LocalServer, trajectories: TrajectoryFile, clock: Clock
) -> None:
    now_ms = int(clock.now_s * 1000)
    begin_ms, end_ms = now_ms - 120_000, now_ms - 60_000
    crossings = [(at_ms, "door", True) for at_ms in (begin_ms - 1_000, begin_ms - 3_000, end_ms + 2_000)]
    trajectories.append([], crossings, [(begin_ms - 9_000, end_ms + 9_000)])
    tally = {"camera": "cam", "line": "door", "from_ms": begin_ms, "to_ms": end_ms, "in_ms": [begin_ms, end_ms]}
    inward = ask(server, "/api/tally", tally, sign_in(server))[1]["accuracy"][0]
    counts = [inward[f"{name}_count"] for name in ("tallied", "counted", "missed", "extra")]
    assert counts == [2, 2, 0, 0]


def test_what_is_older_than_a_day_is_not_shown_though_it_is_still_on_disk(
    server: LocalServer, trajectories: TrajectoryFile, clock: Clock
) -> None:
    oldest_ms = int(clock.now_s * 1000) - DAY_MS
    trajectories.append([(oldest_ms - 1_000, 1, 0.5, 0.5), (oldest_ms + 1_000, 2, 0.5, 0.5)], [])
    path = f"/api/trajectories?camera=cam&from_ms={oldest_ms - 60_000}&to_ms={oldest_ms + 60_000}"
    assert [point[1] for point in ask(server, path, cookie=sign_in(server))[1]["points"]] == [2]


def test_forms_of_other_sites_and_endless_bodies_are_refused(server: LocalServer) -> None:
    assert ask(server, "/api/login", {"password": PASSWORD}, kind="text/plain")[0] == 415
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.request("POST", "/api/login", headers={"Content-Type": "application/json", "Content-Length": "9" * 12})
    assert connection.getresponse().status == 413
    connection.close()


def test_wrong_passwords_cost_longer_and_longer_waits(password_file: Path) -> None:
    now_s = 0.0
    doorman = Doorman(password_file, lambda: now_s)
    waits = []
    for _ in range(8):
        token, wait_s = doorman.sign_in("wrong password")
        assert token is None
        waits.append(wait_s)
        now_s += wait_s
    assert waits == [0, 0, 0, 0, 5, 10, 20, 40]
    doorman.sign_in("wrong password")
    token, wait_s = doorman.sign_in(PASSWORD)
    assert token is None  # the right one too has to wait: else waiting would tell which one is right
    now_s += wait_s
    token, _ = doorman.sign_in(PASSWORD)
    assert token is not None
    assert doorman.knows(token)
    now_s += 9 * 3_600
    assert not doorman.knows(token)


def test_a_password_is_kept_as_a_hash_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.password"
    assert not check_password(path, "")
    with pytest.raises(UsageError, match="fewer than 12"):
        write_password(path, "short")
    write_password(path, PASSWORD)
    assert PASSWORD not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert check_password(path, PASSWORD)
    assert not check_password(path, PASSWORD + " ")
    path.chmod(0o644)
    assert not check_password(path, PASSWORD)


def test_plain_http_never_goes_beyond_loopback(password_file: Path) -> None:
    with pytest.raises(UsageError, match="without TLS"):
        LocalServer({}, Doorman(password_file), ("0.0.0.0", 0))  # noqa: S104 -- refused
    with pytest.raises(UsageError, match="no IP address"):
        LocalServer({}, Doorman(password_file), ("shop", 0))


def test_a_tally_on_paper_is_compared_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detections = tmp_path / "x.txt"
    detections.write_text("1,-1,1,1,9,9,1\n")
    site = tmp_path / "site.yaml"
    site.write_text(
        "version: 1\n"
        "store: {id: s, name: S, time_zone: UTC, floor: {size_m: [9, 9]}, sections: [{id: a, name: A}],\n"
        "  lines: [{id: door, name: Door}]}\n"
        "devices:\n"
        "  - {kind: camera, id: cam,\n"
        "     source: {kind: detections, path: x.txt, frames_per_s: 10, frame_size_px: [64, 48]},\n"
        "     lines: [{line: door, image: [[0, 0.5], [1, 0.5]], in_side: left}]}\n"
    )
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    at_ms = int(begin.timestamp() * 1000)
    file = TrajectoryFile(tmp_path / "state/s/cam.trajectories.db")
    file.append([], [(at_ms + 9_000, "door", False)], [(at_ms, at_ms + 300_000)])
    tally = tmp_path / "tally.csv"
    seen = (begin + timedelta(seconds=10)).astimezone(timezone(timedelta(hours=1)))
    tally.write_text(f"at,direction\n{seen.isoformat()},out\n")
    words = ["edge", "audit", "tally", "--site", str(site), "--state-dir", str(tmp_path / "state"), "--csv", str(tally)]
    times = ["--from", begin.isoformat(), "--to", (begin + timedelta(minutes=5)).isoformat()]
    assert main([*words, *times, "--line", "door", "--json"]) == 0
    out, err = capsys.readouterr()
    outward = json.loads(out.splitlines()[-1])["accuracy"][1]
    assert (outward["direction"], outward["tallied_count"], outward["counted_count"]) == ("out", 1, 1)
    assert "error +0.0 %" in err
    for by_spreadsheet in (f"at,direction\n{seen.isoformat()},out\n", f"at;direction\n{seen.isoformat()};out\n"):
        tally.write_text(by_spreadsheet, encoding="utf-8-sig")
        assert main([*words, *times, "--line", "door"]) == 0
        assert "1 counted of 1" in capsys.readouterr().err
    assert main([*words, *times, "--line", "gate"]) == 2
    capsys.readouterr()
    for other in ("", "time\n", f"when,direction\n{seen.isoformat()},out\n"):
        tally.write_text(other)
        assert main([*words, *times, "--line", "door"]) == 2, "another file is no tally of nobody"
        assert "line 1: write the names of the columns, at,direction" in capsys.readouterr().err
    assert len(file.take_audits()) == 3
    tally.write_text(f"at,direction\n{seen.replace(tzinfo=None).isoformat()},out\n")
    assert main([*words, *times, "--line", "door"]) == 2
    assert "line 2" in capsys.readouterr().err
