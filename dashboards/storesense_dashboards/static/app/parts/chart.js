// The one chart over time: lines, steps, bars and bands; gaps are hatched, the axis is the store's time, pointer and
// keyboard read the points, and what is seen can be saved as CSV and PNG.
import { dayText, dayTimeText, numberText, timeText, wallDate } from "../format.js";
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { onThemeChange, token } from "../theme.js";
import { createRef, html, Pure } from "../ui.js";
import { drawLevel, gapRuns, hatchGaps, stepsPath } from "./chart_drawing.js";
import { saveCsv, savePng } from "./download.js";

const HEIGHT_PX = 190;
const DAY_S = 86_400;

let loadedPlot = null;

async function loadPlot() {
  loadedPlot ??= (await import("../../vendor/uPlot-1.6.32/uPlot.esm.js")).default;
  return loadedPlot;
}

const hasValue = (value) => value !== null && value !== undefined;

/**
 * Props: title (of the files); xs (instants in seconds, rising); series, each `{label, kind, values, colour}` with kind "line",
 * "steps", "bars" or "band" (then `low` and `high` instead of values), colour a token such as "--series-in", `text(value)` for
 * reading it; stepS (how long a value holds: bars, steps and gaps are so wide); zone; label (what there is to see, in words);
 * span (`{fromS, toS}`, the data's own if not given); heightPx; target (a level to compare with); maxOf(max) (the axis' end);
 * pointText(index) (what is read at a point; made of the series if not given); isBare (without CSV and PNG).
 */
export class Chart extends Pure {
  box = createRef();
  // What is read is known by its instant: steps that come or go beside it leave it where it is.
  state = { hoverS: null, isRead: false, failed: false };
  // The pointer's last event over the plot, or null: a still pointer goes on reading when the chart is drawn anew.
  pointer = null;

  async componentDidMount() {
    this.endTheme = onThemeChange(this.rebuild);
    try {
      this.Plot = loadedPlot ?? (await loadPlot());
    } catch {
      this.setState({ failed: true });
      return;
    }
    if (!this.box.current) return;
    // Drawn in the frame in which it is mounted where the width is known; the observer tells of it a frame later.
    if (this.box.current.clientWidth) this.build(this.box.current.clientWidth);
    this.observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (!width) return;
      if (!this.plot) this.build(width);
      else if (width !== this.plot.width) this.plot.setSize({ width, height: this.plot.height });
    });
    this.observer.observe(this.box.current);
  }

  componentDidUpdate(previous) {
    if (!this.plot) return;
    const shape = ({ zone, stepS, series }) => [zone, stepS, ...series.map((s) => `${s.kind} ${s.colour} ${s.label}`)].join();
    if (shape(previous) !== shape(this.props)) this.rebuild();
    else if (previous.xs !== this.props.xs || previous.series !== this.props.series) {
      this.runs = gapRuns(this.props.series);
      this.plot.setData(this.data());
    }
  }

  componentWillUnmount() {
    this.endTheme?.();
    this.observer?.disconnect();
    this.plot?.destroy();
  }

  rebuild = () => {
    if (!this.plot) return;
    const { width } = this.plot;
    this.plot.destroy();
    this.build(width);
  };

  data() {
    const { xs, series } = this.props;
    return [xs, ...series.flatMap((one) => (one.kind === "band" ? [one.high, one.low] : [one.values]))];
  }

  /** uPlot's series and bands; a band is two lines without a stroke and the fill between them. */
  #lines() {
    const { Plot } = this;
    const lines = [{}];
    const bands = [];
    for (const { label, kind, colour, width = 2 } of this.props.series) {
      const ink = token(colour);
      const points = { show: false };
      if (kind === "band") {
        bands.push({ series: [lines.length, lines.length + 1], fill: ink });
        lines.push({ label, width: 0, points }, { label, width: 0, points });
      } else if (kind === "bars")
        lines.push({ label, fill: ink, width: 0, points, paths: Plot.paths.bars({ size: [0.82, 48], align: 1, radius: 0.15 }) });
      else if (kind === "steps")
        lines.push({ label, stroke: ink, width, points, paths: (plot, index) => stepsPath(plot, index, this.props.stepS) });
      else lines.push({ label, stroke: ink, width, points });
    }
    return { series: lines, bands };
  }

  build(width) {
    const { Plot } = this;
    const { heightPx = HEIGHT_PX } = this.props;
    this.runs = gapRuns(this.props.series);
    const axis = { stroke: token("--text-2"), font: `12px ${token("--font")}`, ticks: { show: false } };
    const grid = { stroke: token("--border"), width: 1 };
    const colours = { gap: token("--border-strong"), target: token("--text-2") };
    const [firstS, endS] = [() => this.#span()[0], () => this.#span()[1]];
    const top = (max) => this.props.maxOf?.(max) ?? Math.max(1e-9, max * 1.1);
    const options = {
      width,
      height: heightPx,
      padding: [8, 24, 0, 0],
      legend: { show: false },
      tzDate: (s) => wallDate(s * 1000, this.props.zone),
      scales: {
        x: { range: () => this.#span() },
        y: { range: (_, min, max) => [Math.min(0, min ?? 0), top(Math.max(max ?? 0, this.props.target ?? 0))] },
      },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      axes: [
        { ...axis, grid: { show: false }, space: 64, values: (_, splits) => splits.map((s) => tickText(s, endS() - firstS(), this.props.zone)) },
        { ...axis, grid, size: 46, space: 36, values: (_, splits) => splits.map((v) => numberText(v, decimalsOf(splits))) },
      ],
      ...this.#lines(),
      hooks: {
        drawClear: [(plot) => hatchGaps(plot, this.props.xs, this.runs, this.props.stepS ?? 0, colours.gap)],
        draw: [(plot) => hasValue(this.props.target) && drawLevel(plot, this.props.target, colours.target)],
        setCursor: [(plot) => this.#hover(plot)],
        ready: [(plot) => this.#pointAgain(plot)],
        setSize: [(plot) => this.#pointAgain(plot)],
      },
    };
    this.plot = new Plot(options, this.data(), this.box.current);
  }

  #span() {
    const { xs, stepS = 0, span } = this.props;
    if (span) return [span.fromS, span.toS];
    return xs.length ? [xs[0], Math.max(xs[xs.length - 1] + stepS, xs[0] + 1)] : [0, 1];
  }

  /** The index of the step that `s` is in, or of the last before it; null outside. */
  #indexAt(s) {
    const { xs, stepS = 0 } = this.props;
    let [low, high] = [0, xs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (xs[middle] <= s) low = middle + 1;
      else high = middle;
    }
    const index = low - 1;
    return index < 0 || (stepS && s >= xs[index] + stepS) ? null : index;
  }

  /** Read what is under the pointer; what keys have chosen stands until the pointer moves over the chart. */
  #hover(plot) {
    const { left, event } = plot.cursor;
    const isOver = hasValue(left) && left >= 0;
    const isStill = !event || event === this.pointer;
    if (!isStill) this.pointer = isOver ? event : null;
    if (this.state.isRead && (isStill || !isOver)) return;
    const index = isOver ? this.#indexAt(plot.posToVal(left, "x")) : null;
    const hoverS = index === null ? null : this.props.xs[index];
    if (hoverS !== this.state.hoverS) this.setState({ ...this.state, hoverS, isRead: false });
  }

  /** The plot was made or changed its size under a pointer that may rest on it. */
  #pointAgain(plot) {
    if (!this.pointer) return;
    const { left, top, width, height } = plot.over.getBoundingClientRect();
    const [x, y] = [this.pointer.clientX - left, this.pointer.clientY - top];
    if (x >= 0 && x <= width && y >= 0 && y <= height) plot.setCursor({ left: x, top: y });
  }

  #readIndex() {
    const { hoverS } = this.state;
    return hoverS === null ? null : this.#indexAt(hoverS);
  }

  onKeyDown = (event) => {
    const { xs } = this.props;
    const last = xs.length - 1;
    const hover = this.#readIndex();
    const next = { ArrowLeft: (hover ?? last + 1) - 1, ArrowRight: (hover ?? -1) + 1, Home: 0, End: last }[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    this.setState({ ...this.state, hoverS: xs[Math.min(last, Math.max(0, next))], isRead: true });
  };

  #pointText(index) {
    const { xs, series, zone, pointText } = this.props;
    if (pointText) return pointText(index);
    const valueText = ({ label, text = (value) => numberText(value), values, low, high }) => {
      if (low) return `${label} ${hasValue(low[index]) ? t.parts.band(text(low[index]), text(high[index])) : t.parts.noData}`;
      return `${label} ${hasValue(values[index]) ? text(values[index]) : t.parts.noData}`;
    };
    const at = dayTimeText(xs[index] * 1000, xs[xs.length - 1] * 1000, zone);
    return t.parts.point(at, series.map(valueText).join(", "));
  }

  onCsv = () => {
    const { title, xs, series } = this.props;
    const columns = series.flatMap(({ label, values, low, high }) =>
      low ? [[`${label} (${t.parts.from})`, low], [`${label} (${t.parts.to})`, high]] : [[label, values]],
    );
    const head = ["UTC", ...columns.map(([label]) => label)];
    saveCsv(title, [head, ...xs.map((s, i) => [new Date(s * 1000).toISOString(), ...columns.map(([, values]) => values[i])])]);
  };

  onPng = () => {
    if (!this.plot) return;
    const { title } = this.props;
    savePng(title, this.plot.ctx.canvas, { ground: token("--surface"), ink: token("--text"), font: token("--font") });
  };

  render({ title, label, heightPx = HEIGHT_PX, isBare }, { isRead, failed }) {
    if (failed) return html`<p class="hint gap-text">${t.parts.chartFailed}</p>`;
    const index = this.#readIndex();
    const text = index === null ? null : this.#pointText(index);
    return html`<div>
      <div
        class="chart"
        ref=${this.box}
        role="img"
        tabindex="0"
        aria-label=${`${label} ${t.parts.chartHelp}`}
        style=${{ minHeight: `${heightPx}px` }}
        onKeyDown=${this.onKeyDown}
      ></div>
      <div class="chart-foot">
        <p class="readout" aria-hidden="true">${text ?? label}</p>
        <span class="visually-hidden" role="status">${isRead ? text : ""}</span>
        ${!isBare &&
        html`<button class="quiet save" aria-label=${t.parts.csvOf(title)} onClick=${this.onCsv}>
            <${Icon} name="download" size=${18} />${t.parts.csv}
          </button>
          <button class="quiet save" aria-label=${t.parts.pngOf(title)} onClick=${this.onPng}>${t.parts.png}</button>`}
      </div>
    </div>`;
  }
}

/** What stands at an instant of the axis: the time within a day or two, else the day where it begins, and the time between. */
export function tickText(s, lengthS, zone) {
  const wall = wallDate(s * 1000, zone);
  const isDay = lengthS > 1.5 * DAY_S && wall.getHours() + wall.getMinutes() === 0;
  return isDay ? dayText(s * 1000, zone) : timeText(s * 1000, zone);
}

/** As many decimals as the steps of an axis need. */
function decimalsOf(splits) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  return step >= 1 ? 0 : Math.min(4, Math.ceil(-Math.log10(step)));
}
