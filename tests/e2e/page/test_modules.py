"""The pure modules of the pages, called in the browser they run in."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from fixtures.fake_backend import FakeBackend


@pytest.fixture(scope="module")
def call(browser: Browser):
    """Call an exported function of a module: ``call("format.js", "durationText", 61)``."""
    backend = FakeBackend().start()
    page: Page = browser.new_page()
    page.goto(backend.url)

    def call_it(module: str, name: str, *args: Any) -> Any:
        return page.evaluate(
            "async ([path, name, args]) => (await import(path))[name](...args)",
            [f"/static/app/{module}", name, args],
        )

    call_it.page = page
    yield call_it
    page.close()
    backend.stop()


def ms(call, text: str) -> float:
    return call("format.js", "parseInstant", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45.4, "45 s"),
        (59.6, "1 min"),
        (250, "4 min 10 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (-3, "0 s"),
        (172_799, "47 h 59 min"),  # a day and a half is still told in hours
        (172_800, "2 d"),
        (513_660, "5 d 22 h"),
    ],
)
def test_durations(call, seconds: float, text: str) -> None:
    assert call("format.js", "durationText", seconds) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0, "0"), (1234, "1,234")])
def test_numbers_keep_gaps_apart_from_zero(call, value: float | None, text: str) -> None:
    assert call("format.js", "numberText", value) == text


@pytest.mark.parametrize(
    ("weight_g", "text"), [(450, "450\u00a0g"), (7210, "7.21\u00a0kg"), (None, "–"), (0, "0\u00a0g")]
)
def test_weights(call, weight_g: float | None, text: str) -> None:
    assert call("format.js", "weightText", weight_g) == text


@pytest.mark.parametrize(
    ("instant", "zone", "text"),
    [
        ("2026-03-29T00:30:00Z", "Europe/Berlin", "01:30"),
        ("2026-03-29T01:30:00Z", "Europe/Berlin", "03:30"),  # the hour from two to three does not exist that day
        ("2026-11-21T11:05:00Z", "Pacific/Auckland", "00:05"),  # midnight is 00, not 24
        ("2026-11-21T11:05:00Z", "Asia/Kathmandu", "16:50"),
    ],
)
def test_times_are_the_stores(call, instant: str, zone: str, text: str) -> None:
    assert call("format.js", "timeText", ms(call, instant), zone) == text


@pytest.mark.parametrize(
    ("instant", "zone", "wall"),
    [
        ("2026-01-15T12:30:05.250Z", "Europe/Berlin", [2026, 1, 15, 13, 30, 5, 250]),
        ("2026-07-15T22:30:00Z", "Europe/Berlin", [2026, 7, 16, 0, 30, 0, 0]),  # no hour 24
        ("2026-09-26T13:59:59Z", "Pacific/Auckland", [2026, 9, 27, 1, 59, 59, 0]),
        ("2026-09-26T14:00:00Z", "Pacific/Auckland", [2026, 9, 27, 3, 0, 0, 0]),  # summer time begins
        ("1969-12-31T23:59:59.900Z", "UTC", [1969, 12, 31, 23, 59, 59, 900]),
    ],
)
def test_a_clock_on_the_stores_wall(call, instant: str, zone: str, wall: list[int]) -> None:
    read = """async (args) => {
      const d = (await import("/static/app/format.js")).wallDate(...args);
      const day = [d.getFullYear(), d.getMonth() + 1, d.getDate()];
      return [...day, d.getHours(), d.getMinutes(), d.getSeconds(), d.getMilliseconds()];
    }"""
    assert call.page.evaluate(read, [ms(call, instant), zone]) == wall


def test_gaps_are_where_no_series_has_a_value(call) -> None:
    series = [{"values": [None, 1, None, None, 0, None]}, {"low": [None, None, None, 2, 2, None]}]
    assert call("parts/chart_drawing.js", "gapRuns", series) == [[0, 0], [2, 2], [5, 5]]
    assert call("parts/chart_drawing.js", "gapRuns", []) == []


@pytest.mark.parametrize(
    ("values", "runs"),
    [
        ("[1, 2, 3]", []),
        ("[]", []),
        ("[null, undefined, null]", [[0, 2]]),
        ("[1, undefined, 2, null, 3, undefined, 4]", [[1, 1], [3, 3], [5, 5]]),
        ("[undefined, 0, NaN, '', null]", [[0, 0], [4, 4]]),
    ],
)
def test_what_is_null_or_left_out_is_a_gap_and_nothing_else(call, values: str, runs: list[list[int]]) -> None:
    read = f"async () => (await import('/static/app/parts/chart_drawing.js')).gapRuns([{{ values: {values} }}])"
    assert call.page.evaluate(read) == runs


def test_gaps_are_found_as_one_would_by_looking_at_each_step(call) -> None:
    read = """async () => {
      const { gapRuns } = await import("/static/app/parts/chart_drawing.js");
      const isNone = (value) => value === null || value === undefined;
      const wrong = [];
      for (let code = 0; code < 3 ** 6; code += 1) {
        const one = Array.from({ length: 6 }, (_, i) => [1, null, undefined][Math.floor(code / 3 ** i) % 3]);
        const other = one.map((_, i) => (code * 7 + i) % 5 < 3 ? null : 2);
        const found = gapRuns([{ values: one }, { low: other }]);
        const gaps = new Set(found.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i)));
        const isRight = one.every((value, i) => gaps.has(i) === (isNone(value) && isNone(other[i])));
        const areApart = found.every(([begin], i) => i === 0 || begin > found[i - 1][1] + 1);
        if (!isRight || !areApart) wrong.push([one, other, found]);
      }
      return wrong;
    }"""
    assert call.page.evaluate(read) == []


def test_another_day_is_named(call) -> None:
    now = ms(call, "2026-11-21T12:00:00Z")
    assert call("format.js", "dayTimeText", now - 3_600_000, now, "Europe/Berlin") == "12:00"
    assert call("format.js", "dayTimeText", now - 86_400_000, now, "Europe/Berlin") == "Fri 20 Nov, 13:00"


def test_zones_differ_only_where_their_clocks_do(call) -> None:
    winter, summer = ms(call, "2026-01-15T12:00:00Z"), ms(call, "2026-07-15T12:00:00Z")
    assert call("format.js", "zonesDiffer", "Europe/Berlin", "Europe/Paris", winter) is False
    assert call("format.js", "zonesDiffer", "Europe/London", "Africa/Abidjan", winter) is False
    assert call("format.js", "zonesDiffer", "Europe/London", "Africa/Abidjan", summer) is True


@pytest.mark.parametrize("text", [None, "", "yesterday", 5, "2026-13-40"])
def test_what_is_no_instant_is_null(call, text: object) -> None:
    assert call("format.js", "parseInstant", text) is None


def live_after(call, *steps: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return call.page.evaluate(
        """async (steps) => {
          const state = await import("/static/app/state.js");
          let live = state.emptyLive();
          for (const [name, value] of steps) live = state[name](live, value);
          return live;
        }""",
        [list(step) for step in steps],
    )


SNAPSHOT = {
    "at": "2026-11-21T12:00:00Z",
    "day_started_at": "2026-11-20T23:00:00Z",
    "queues": [{"queue_id": "a", "length": 2, "longest_wait_s": 9}, {"queue_id": "b", "length": 0}],
    "alerts": [{"alert_id": 1, "state": "open", "opened_at": "2026-11-21T11:00:00Z"}],
}


def test_an_update_changes_what_it_names_and_nothing_else(call) -> None:
    update = {"at": "2026-11-21T12:00:05Z", "queues": [{"queue_id": "a", "length": 5}, {"length": 7}, None]}
    live = live_after(call, ("applySnapshot", SNAPSHOT), ("applyUpdate", update))
    assert live["queues"] == {
        "a": {"queue_id": "a", "length": 5, "longest_wait_s": 9},
        "b": {"queue_id": "b", "length": 0},
    }
    assert live["at"] == "2026-11-21T12:00:05Z"
    assert live["dayStartedAt"] == "2026-11-20T23:00:00Z"


def test_a_new_snapshot_forgets_what_it_does_not_name(call) -> None:
    live = live_after(call, ("applySnapshot", SNAPSHOT), ("applySnapshot", {"queues": [], "alerts": []}))
    assert live["queues"] == {}
    assert live["alerts"] == {}


def test_alerts_only_go_forward(call) -> None:
    taken = {"alert_id": 1, "state": "acknowledged"}
    over = {"alert_id": 1, "state": "resolved"}
    late = {"alert_id": 1, "state": "open"}
    live = live_after(
        call, ("applySnapshot", SNAPSHOT), ("applyAlert", taken), ("applyAlert", over), ("applyAlert", late)
    )
    assert live["alerts"]["1"]["state"] == "resolved"


def test_alerts_are_sorted_by_what_is_to_do(call) -> None:
    def alert(alert_id: int, state: str, severity: str, minute: int) -> dict[str, Any]:
        at = f"2026-11-21T11:{minute:02}:00Z"
        return {"alert_id": alert_id, "state": state, "severity": severity, "opened_at": at, "resolved_at": at}

    alerts = [
        alert(1, "acknowledged", "critical", 50),
        alert(2, "open", "warning", 10),
        alert(3, "open", "warning", 20),
        alert(4, "open", "critical", 5),
        alert(5, "resolved", "critical", 30),
    ]
    lists = call("state.js", "sortAlerts", {item["alert_id"]: item for item in alerts})
    assert [item["alert_id"] for item in lists["todo"]] == [4, 3, 2, 1]
    assert [item["alert_id"] for item in lists["done"]] == [5]


def test_events_are_read_from_pieces_of_any_length(call) -> None:
    text = (
        ': beat\n\nretry: 2000\nid: 1\nevent: snapshot\ndata: {"a":\ndata: 1}\n\n'
        'id: 2\r\nevent: alert\r\ndata: {"ü": "é"}\r\n\r\ndata: plain\n\nevent: empty\n\ndata: unfinished'
    )
    got = call.page.evaluate(
        """async ([text, lengths]) => {
          const {createSseParser} = await import("/static/app/sse.js");
          return lengths.map((length) => {
            const events = [];
            const feed = createSseParser({onEvent: (e) => events.push(e), onRetry: (ms) => events.push(ms)});
            for (let i = 0; i < text.length; i += length) feed(text.slice(i, i + length));
            return events;
          });
        }""",
        [text, [1, 2, 3, 7, 1000]],
    )
    expected = [
        2000,
        {"event": "snapshot", "data": '{"a":\n1}', "id": "1"},
        {"event": "alert", "data": '{"ü": "é"}', "id": "2"},
        {"event": "message", "data": "plain", "id": "2"},
    ]
    assert got == [expected] * 5


def test_waits_between_attempts_grow_and_stay_bounded(call) -> None:
    waits = [call("live.js", "backoffMs", attempt, 2000, 1) for attempt in (1, 2, 3, 4, 50)]
    assert waits == [2000, 4000, 8000, 15_000, 15_000]
    assert call("live.js", "backoffMs", 1, 2000, 0) == pytest.approx(1200)


def view(**parts: Any) -> dict[str, Any]:
    return {"storeId": None, "page": None, "item": None, "heat": True, "params": {}, **parts}


TILLS, COLON = {"kind": "queue", "id": "tills"}, {"kind": "slot", "id": "a:b"}


@pytest.mark.parametrize(
    ("hash_text", "meant"),
    [
        ("", view()),
        ("#store=s1&item=queue%3Atills&heat=0", view(storeId="s1", page="floor", item=TILLS, heat=False)),
        ("#store=s1&item=slot%3Aa%3Ab", view(storeId="s1", page="floor", item=COLON)),
        (
            "#store=s1&page=alerts&section=a+b&severity=critical",
            view(storeId="s1", page="alerts", params={"severity": "critical", "section": "a b"}),
        ),
        ("#page=chain", view(page="chain")),
        ("#item=constructor%3Ax&JUNK=%&__proto__=1&page=../x", view()),
    ],
)
def test_views_are_read_from_links(call, hash_text: str, meant: dict[str, Any]) -> None:
    assert call("route.js", "parseView", hash_text) == meant
    if "JUNK" not in hash_text:
        assert call("route.js", "formatView", meant) == hash_text


SWINGING = {"slot_id": "s", "units": None, "weight_g": 900.0, "is_stable": False}
STEADY = {"slot_id": "s", "units": 7, "weight_g": 950.0, "is_stable": True}


def test_a_swinging_weight_takes_no_known_stock_away(call) -> None:
    steps = [("applySnapshot", {"slots": [STEADY]}), ("applyUpdate", {"slots": [SWINGING]})]
    assert live_after(call, *steps)["slots"]["s"] == {**SWINGING, "units": 7}
    assert live_after(call, *steps, ("applySnapshot", {"slots": [SWINGING]}))["slots"]["s"]["units"] == 7
    lost = {**STEADY, "units": None}  # it rests, and does not tell: that is news
    assert live_after(call, *steps, ("applyUpdate", {"slots": [lost]}))["slots"]["s"]["units"] is None


def test_a_slot_that_somebody_is_at_from_the_beginning_is_settling(call) -> None:
    now = ms(call, "2026-11-21T12:00:00Z")
    reading = SWINGING | {"measured_at": "2026-11-21T11:59:59Z"}
    assert call("figures.js", "slotState", SLOT, reading, now)["state"] == "settling"


SLOT = {"id": "s", "capacity_units": 20, "reorder_point_units": 5}


@pytest.mark.parametrize(
    ("units", "age_s", "state"),
    [(0, 10, "empty"), (5, 10, "low"), (6, 10, "ok"), (None, 10, "unknown"), (0, 700, "stale"), (0, None, "none")],
)
def test_slot_states(call, units: int | None, age_s: float | None, state: str) -> None:
    now = ms(call, "2026-11-21T12:00:00Z")
    at = call.page.evaluate("ms => new Date(ms).toISOString()", now - (age_s or 0) * 1000)
    reading = None if age_s is None else {"units": units, "measured_at": at}
    assert call("figures.js", "slotState", SLOT, reading, now)["state"] == state


def test_footfall_bins_leave_gaps_empty_and_count_entrances_only(call) -> None:
    layout = {"lines": [{"id": "in", "is_entrance": True}, {"id": "aisle", "is_entrance": False}]}
    points = [
        {"line_id": "in", "at": "2026-11-21T10:00:00Z", "in_count": 3, "out_count": 1},
        {"line_id": "aisle", "at": "2026-11-21T10:15:00Z", "in_count": 9, "out_count": 9},
        {"line_id": "in", "at": "2026-11-21T10:30:00Z", "in_count": 0, "out_count": 2},
        {"line_id": "in", "at": "2027-11-21T10:30:00Z", "in_count": 50, "out_count": 0},
    ]
    bins = call("figures.js", "footfallBins", layout, points, ms(call, "2026-11-21T10:40:00Z"), 900_000)
    assert [(b["inCount"], b["outCount"]) for b in bins] == [(3, 1), (None, None), (0, 2)]


@pytest.mark.parametrize(
    ("now", "count"),
    [
        ("10:01:30", 1),  # the second minute may still be on its way
        ("10:04:00", 2),  # two minutes after its end the second minute is missing, the third may be on its way
        ("10:30:00", 28),
    ],
)
def test_minutes_that_may_be_on_their_way_are_no_gap(call, now: str, count: int) -> None:
    layout = {"lines": [{"id": "in", "is_entrance": True}]}
    points = [{"line_id": "in", "at": "2026-11-21T10:00:00Z", "in_count": 3, "out_count": 1}]
    bins = call("figures.js", "footfallBins", layout, points, ms(call, f"2026-11-21T{now}Z"), 60_000)
    assert len(bins) == count
    assert [b["inCount"] for b in bins[1:]] == [None] * (count - 1)


@pytest.mark.parametrize(("share", "alpha"), [(-1, 0), (0, 0), (1, 0.85), (7, 0.85)])
def test_heat_colours_stay_on_their_scale(call, share: float, alpha: float) -> None:
    assert call("floor/heat.js", "heatColour", share)[3] == pytest.approx(alpha)


def test_heat_scale_is_not_set_by_one_who_stands_still(call) -> None:
    presence = [0.0] * 500 + [10.0] * 99 + [100_000.0]
    assert call("floor/heat.js", "heatScaleS", {"presence_s": presence, "cell_size_m": 0.5}) == 10.0
    assert call("floor/heat.js", "heatScaleS", {"presence_s": [0.0] * 9, "cell_size_m": 0.5}) is None


def test_the_first_step_into_an_empty_store_is_no_blaze(call) -> None:
    assert call("floor/heat.js", "heatScaleS", {"presence_s": [0.0] * 9 + [0.1], "cell_size_m": 0.5}) == 2.5


def test_the_in_arrow_stands_square_on_the_named_side(call) -> None:
    # Looking along the floor's x, with y downwards, left is up.
    assert call("floor/geometry.js", "inArrow", [0, 0], [10, 0], "left", 5)["to"] == [5, -5]
    assert call("floor/geometry.js", "inArrow", [0, 0], [10, 0], "right", 5)["to"] == [5, 5]
    assert call("floor/geometry.js", "inArrow", [0, 0], [10, 0], None, 5) is None
    assert call("floor/geometry.js", "inArrow", [1, 1], [1, 1], "left", 5) is None


@pytest.fixture(scope="module")
def refusal(browser: Browser):
    """What a page of a language tells of a refusal: ``refusal("zh-CN", {"code", "message"})``."""
    backend = FakeBackend().start()
    contexts = {tag: browser.new_context(locale=tag) for tag in ("en", "zh-CN")}
    pages = {tag: context.new_page() for tag, context in contexts.items()}
    for page in pages.values():
        page.goto(backend.url)

    def told(tag: str, problem: dict[str, str]) -> str:
        text: str = pages[tag].evaluate(
            "async (problem) => (await import('/static/app/api.js')).refusalText(problem, 409)", problem
        )
        return text

    yield told
    for context in contexts.values():
        context.close()
    backend.stop()


def test_a_refusal_is_told_in_english_by_the_server(refusal) -> None:
    assert refusal("en", {"code": "alert_taken", "message": "anna has it in hand"}) == "anna has it in hand"
    assert refusal("en", {}) == "The server answered with error 409."


def test_a_refusal_is_told_in_chinese_by_its_code(refusal) -> None:
    assert refusal("zh-CN", {"code": "alert_taken", "message": "anna has it in hand"}) == "已有其他人在处理这条告警。"
    assert refusal("zh-CN", {}) == "服务器返回错误 409。"


@pytest.mark.parametrize("code", ["invalid", "of_a_later_release"])
def test_what_only_the_english_sentence_tells_stands_behind_the_chinese_one(refusal, code: str) -> None:
    text = refusal("zh-CN", {"code": code, "message": "store 'a' has no section 'b'"})
    assert re.fullmatch(r"[\u4e00-\u9fff]+（store 'a' has no section 'b'）", text)


def test_every_documented_refusal_is_told_in_chinese(refusal, repo_dir: Path) -> None:
    table = (repo_dir / "docs/reference/api.md").read_text().partition("| code |")[2].partition("\n\n")[0]
    codes = {code for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for code in re.findall("`(.+?)`", row)}
    assert len(codes) > 40
    told = {code: refusal("zh-CN", {"code": code, "message": "x"}) for code in codes}
    assert [code for code, text in told.items() if text.startswith("服务器拒绝了请求")] == []
