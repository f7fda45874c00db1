"""``storesense bench page``: how quick the page is, measured in headless Chromium on a real backend and database.

The browser is driven by Playwright, which is no part of the installation: it comes with the development dependencies.
"""

import asyncio
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from storesense_backend.api.access import COOKIE_NAME
from storesense_contracts.migrate import migrate
from storesense_gateway.maintenance import connect, maintain
from storesense_gateway.maintenance_settings import MaintenanceSettings
from storesense_simulators.bench_store import QueueWriter, backend_process, begin_session, bench_layout, prepare_store
from storesense_simulators.bench_world import BenchError, say
from storesense_simulators.embedded.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_DAYS = 30
_ROUNDS = 5
_WINDOW_MS = 1_000  # until a new window of Chromium has drawn itself; the page is timed, not the browser's start
_EVENTS = 60
_CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

_WEIGH = """async () => {
  let bytes = 0;
  const loaded = performance.getEntriesByType("resource").filter((entry) => /\\.(m?js|css)$/.test(entry.name));
  for (const entry of loaded) bytes += entry.encodedBodySize;
  return bytes;
}"""

# Both draw the same 100,000 points into boxes of the same size; the least of several counts.
_CHART = """async (root) => {
  const [{ Chart }, { html, render }, { default: Plot }] = await Promise.all([
    import(`${root}/app/parts/chart.js`), import(`${root}/app/ui.js`),
    import(`${root}/vendor/uPlot-1.6.32/uPlot.esm.js`)]);
  const n = 100_000;
  const xs = Array.from({ length: n }, (_, i) => 1_760_000_000 + i * 60);
  const values = xs.map((x, i) => (i % 5000 < 20 ? null : 50 + 40 * Math.sin(i / 700) + (i * 7919) % 13));
  const box = () => {
    const div = document.createElement("div");
    div.style.width = "1000px";
    document.body.append(div);
    return div;
  };
  const drawn = async (div) => {
    while (!div.querySelector("canvas")) await new Promise((done) => setTimeout(done));
    await new Promise((done) => queueMicrotask(done));
    div.querySelector("canvas").getContext("2d").getImageData(0, 0, 1, 1);
  };
  const bare = async () => {
    const div = box();
    const begin = performance.now();
    const options = { width: 1000, height: 190, legend: { show: false }, axes: [{}, {}],
      series: [{}, { stroke: "teal", width: 2, points: { show: false } }] };
    const plot = new Plot(options, [xs, values], div);
    await drawn(div);
    const took = performance.now() - begin;
    plot.destroy();
    div.remove();
    return took;
  };
  const ours = async () => {
    const div = box();
    const series = [{ label: "People", kind: "line", values, colour: "--series-in" }];
    const begin = performance.now();
    render(html`<${Chart} title="t" label="l" xs=${xs} series=${series} stepS=${60} zone="Europe/Berlin" />`, div);
    await drawn(div);
    const took = performance.now() - begin;
    render(null, div);
    div.remove();
    return took;
  };
  const took = { bare: [], ours: [] };
  for (let i = 0; i < 24; i += 1) {
    // Each goes first as often: what the one leaves behind (rubbish to collect, warm caches) meets both alike.
    if (i % 2) took.ours.push(await ours());
    took.bare.push(await bare());
    if (i % 2 === 0) took.ours.push(await ours());
  }
  return { bare_ms: Math.min(...took.bare), ours_ms: Math.min(...took.ours) };
}"""

# Notes the frame after the one in which the first figure stood; asking from outside would add the time between looks.
_FIRST_FIGURE = """window.benchFirstMs = new Promise((resolve) => {
  const look = () => {
    const figure = document.querySelector("[data-figure=queue] .figure-value");
    if (!figure || !/[0-9]/.test(figure.textContent)) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { subtree: true, childList: true, characterData: true });
})"""

_WATCH = """(base) => {
  const seen = (window.benchSeen = []);
  const figure = document.querySelector("[data-figure=queue]");
  new MutationObserver(() => {
    const shown = figure.querySelector(".figure-value").textContent;
    requestAnimationFrame(() => seen.push([shown, performance.timeOrigin + performance.now()]));
  }).observe(figure, { subtree: true, childList: true, characterData: true });
}"""


def _fill(database_url: str) -> None:
    """Write a month of the store: visitors and the queue by the minute."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with psycopg.connect(database_url, autocommit=True) as connection:
        for stream, subject, table, columns, values in (
            ("footfall", "door", "footfall_counts", "in_count, out_count, period_ms", "n %% 7, n %% 6, 60000"),
            ("queue", "tills", "queue_samples", "length, longest_wait_ms", "n %% 9, (n %% 9) * 20000"),
        ):
            row = connection.execute(
                "INSERT INTO series (store_id, device_id, stream, subject_id) VALUES ('bench-store', 'cam-1', %s, %s)"
                " ON CONFLICT (store_id, stream, subject_id, device_id) DO UPDATE SET stream = excluded.stream"
                " RETURNING series_id",
                (stream, subject),
            ).fetchone()
            if row is None:
                raise BenchError(reason="the database returned no series")
            connection.execute(
                f"INSERT INTO {table} (measured_at, received_at, {columns}, series_id, boot_no, seq, idx, batch_no)"  # noqa: S608
                f" SELECT at, at, {values}, %s, 1, n, 0, 1 FROM (SELECT %s::timestamptz + n * interval '1 minute' AS"
                " at, n FROM generate_series(1, %s) AS n) AS minutes",
                (row[0], now - timedelta(days=_DAYS), _DAYS * 1440 - 1),
            )
    with connect(database_url) as connection:
        settings = MaintenanceSettings(refresh_days=_DAYS + 40.0, raw_days=_DAYS + 70.0)
        maintain(connection, settings, now=now, progress=lambda _text: None)
        connection.execute("ANALYZE")


def _first_figure_ms(browser: "Browser", url: str, token: str) -> tuple[float, float]:
    """Open the page anew as a signed-in browser that was never here; (compressed KiB, time to the first figure)."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": COOKIE_NAME, "value": token, "url": url}])
    page = context.new_page()
    page.add_init_script(_FIRST_FIGURE)
    page.wait_for_timeout(_WINDOW_MS)
    page.goto(url, wait_until="commit")
    took_ms = float(page.evaluate("window.benchFirstMs"))
    page.locator(".footfall-card .chart canvas").first.wait_for()  # with what draws the chart
    weight = page.evaluate(_WEIGH)
    context.close()
    return weight / 1024, took_ms


def _month_ms(page: "Page") -> float:
    """Ask a month's footfall of the store and draw it, as a page does."""
    root = _root(page)
    to = datetime.now(UTC)
    script = """async ([root, from, to]) => {
      const begin = performance.now();
      const [{ Chart }, { html, render }, { api }] = await Promise.all([
        import(`${root}/app/parts/chart.js`), import(`${root}/app/ui.js`), import(`${root}/app/api.js`)]);
      const { points } = await api.get("bench-store", "/footfall", { params: { step: "15m", from, to } });
      const xs = points.map((point) => Date.parse(point.at) / 1000);
      const series = [{ label: "In", kind: "line", values: points.map((p) => p.in_count), colour: "--series-in" }];
      const div = document.createElement("div");
      document.body.append(div);
      render(html`<${Chart} title="t" label="l" xs=${xs} series=${series} stepS=${900} zone="Europe/Berlin" />`, div);
      while (!div.querySelector("canvas")) await new Promise((done) => requestAnimationFrame(done));
      await new Promise((done) => requestAnimationFrame(done));
      const took = performance.now() - begin;
      render(null, div);
      div.remove();
      if (points.length < 2800) throw new Error(`only ${points.length} points of a month`);
      return took;
    }"""
    return float(page.evaluate(script, [root, (to - timedelta(days=_DAYS)).isoformat(), to.isoformat()]))


def _root(page: "Page") -> str:
    found = re.search(r'src="(/static/v-[0-9a-f]+)/app/main.js"', page.content())
    if not found:
        raise BenchError(reason="the page does not name its files by version")
    return found[1]


def _event_to_pixel_ms(page: "Page", writer: QueueWriter) -> list[float]:
    """Commit samples of the queue one by one; from each commit to the frame that shows it."""
    page.evaluate(_WATCH)
    sent: dict[str, float] = {}
    for number in range(_EVENTS):
        length = 100 + number  # each is seen once
        sent[str(length)] = time.time() * 1000
        writer.commit(length)
        page.wait_for_timeout(330)
    shown = dict(page.evaluate("window.benchSeen"))
    return [shown[text] - at for text, at in sent.items() if text in shown]


def run_bench_page(*, chromium: str | None, as_json: bool) -> int:
    """Measure, and print; with ``as_json`` one JSON object as the last line of standard output.

    Raises:
        BenchError: Playwright or Chromium is missing, or what was to be seen was not.
    """
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- a development dependency
    except ImportError as exc:
        raise BenchError(reason="Playwright is missing; install it with: pip install playwright") from exc
    path = chromium or _installed_chromium()
    with tempfile.TemporaryDirectory(prefix="storesense-bench-") as folder:
        work_dir = Path(folder)
        work_dir.chmod(0o711)
        with EmbeddedPostgres(work_dir / "postgres") as postgres:
            url = postgres.url().get_secret_value()
            migrate(url)
            asyncio.run(prepare_store(url, bench_layout()))
            token = asyncio.run(begin_session(url))
            writer = QueueWriter(url, float(int(time.time())))
            writer.commit(3)
            say(f"bench: {_DAYS} days of one store")
            _fill(url)
            with backend_process(work_dir, url) as (_child, port), sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=path, args=_CHROMIUM_ARGS)
                figures = _measure(browser, f"http://127.0.0.1:{port}/", token, writer)
                browser.close()
            writer.close()
    text = json.dumps(figures) if as_json else "\n".join(f"{name}: {value}" for name, value in figures.items())
    sys.stdout.write(text + "\n")
    return 0


def _measure(browser: "Browser", url: str, token: str, writer: QueueWriter) -> dict[str, Any]:
    say("bench: the first view")
    _first_figure_ms(browser, url, token)  # warms the server
    views = [_first_figure_ms(browser, url, token) for _ in range(_ROUNDS)]
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    context.add_cookies([{"name": COOKIE_NAME, "value": token, "url": url}])
    page = context.new_page()
    page.goto(url)
    page.locator("[data-figure=queue]").wait_for()
    say("bench: a month, and 100,000 points")
    months = [_month_ms(page) for _ in range(_ROUNDS)]
    chart = page.evaluate(_CHART, _root(page))
    say("bench: events")
    delays = sorted(_event_to_pixel_ms(page, writer))
    if len(delays) < _EVENTS * 0.8:
        raise BenchError(reason=f"only {len(delays)} of {_EVENTS} events were seen on the page")
    context.close()
    return {
        "first_view_kb": round(max(weight for weight, _ in views), 1),
        "first_figure_ms": round(statistics.median(took for _, took in views), 1),
        "month_ms": round(statistics.median(months), 1),
        "chart_100k_ratio_to_uplot": round(chart["ours_ms"] / chart["bare_ms"], 3),
        "chart_100k_ms": round(chart["ours_ms"], 1),
        "event_to_pixel_p50_ms": round(delays[len(delays) // 2], 1),
        "event_to_pixel_p99_ms": round(delays[min(len(delays) - 1, int(len(delays) * 0.99))], 1),
        "events_seen": len(delays),
    }


def _installed_chromium() -> str:
    named = os.environ.get("STORESENSE_TEST_CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        raise BenchError(reason="no Chromium is installed; name one with --chromium PATH")
    return found
