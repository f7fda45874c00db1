// Footfall of the day at the entrances: people in as bars, people out as a line, gaps hatched and said to be gaps.
import { footfallBins } from "../figures.js";
import { MINUTE_MS } from "../footfall.js";
import { numberText, timeText } from "../format.js";
import { t } from "../i18n/index.js";
import { classes, createRef, html, Pure } from "../ui.js";
import { Card, Empty } from "../parts/card.js";

const HEIGHT_PX = 190;
const MIN_BINS = 16;

const loadPlot = () => import("../../vendor/uPlot-1.6.32/uPlot.esm.js").then((module) => module.default);

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function hatchGaps(plot, bins, stepMs) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = token("--border-strong");
  ctx.lineWidth = devicePixelRatio;
  for (const bin of bins.filter((entry) => entry.inCount === null)) {
    const left = plot.valToPos(bin.startMs / 1000, "x", true);
    const right = plot.valToPos((bin.startMs + stepMs) / 1000, "x", true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.beginPath();
    const step = 7 * devicePixelRatio;
    for (let x = left - bbox.height - ((left - bbox.left) % step); x < right; x += step) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}

/** A line that is level over each bin and ends where nothing was measured. */
function stepsPath(plot, series, stepS) {
  const [starts, values] = [plot.data[0], plot.data[series]];
  const stroke = new Path2D();
  let isOpen = false;
  for (let i = 0; i < starts.length; i += 1) {
    const value = values[i];
    if (value !== null) {
      const y = plot.valToPos(value, "y", true);
      const left = plot.valToPos(starts[i], "x", true);
      if (isOpen) stroke.lineTo(left, y);
      else stroke.moveTo(left, y);
      stroke.lineTo(plot.valToPos(starts[i] + stepS, "x", true), y);
    }
    isOpen = value !== null;
  }
  return { stroke, fill: null, clip: null, band: null, gaps: null, flags: 0 };
}

/** Props: bins, stepMs, zone, label. */
class Chart extends Pure {
  box = createRef();
  state = { hover: null, failed: false };

  async componentDidMount() {
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", this.rebuild);
    try {
      this.Plot = await loadPlot();
    } catch {
      this.setState({ failed: true });
      return;
    }
    if (!this.box.current) return;
    this.observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (!this.plot) this.build(width);
      else if (width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT_PX });
    });
    this.observer.observe(this.box.current);
  }

  componentDidUpdate(previous) {
    if (!this.plot) return;
    if (previous.zone !== this.props.zone || previous.stepMs !== this.props.stepMs) this.rebuild();
    else if (previous.bins !== this.props.bins) this.plot.setData(this.data());
  }

  componentWillUnmount() {
    this.scheme?.removeEventListener("change", this.rebuild);
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
    const { bins } = this.props;
    return [
      bins.map((bin) => bin.startMs / 1000),
      bins.map((bin) => bin.inCount),
      bins.map((bin) => bin.outCount),
    ];
  }

  build(width) {
    const { Plot } = this;
    const font = `12px ${token("--font")}`;
    const axis = {
      stroke: token("--text-2"),
      font,
      grid: { stroke: token("--border"), width: 1 },
      ticks: { show: false },
    };
    const span = () => {
      const { bins, stepMs } = this.props;
      const count = Math.max(MIN_BINS, (bins.at(-1).startMs - bins[0].startMs) / stepMs + 1);
      return [bins[0].startMs / 1000, (bins[0].startMs + count * stepMs) / 1000];
    };
    const options = {
      width,
      height: HEIGHT_PX,
      padding: [8, 24, 0, 0],
      legend: { show: false },
      tzDate: (s) => Plot.tzDate(new Date(s * 1000), this.props.zone),
      scales: { x: { range: span }, y: { range: (_, min, max) => [0, Math.max(4, Math.ceil(max * 1.1))] } },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 56,
          incrs: [120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600],
          values: (_, splits) => splits.map((s) => timeText(s * 1000, this.props.zone)),
        },
        { ...axis, size: 38, space: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
      ],
      series: [
        {},
        {
          label: t.footfall.inLabel,
          fill: token("--series-in"),
          width: 0,
          points: { show: false },
          paths: Plot.paths.bars({ size: [0.82, 48], align: 1, radius: 0.15 }),
        },
        {
          label: t.footfall.outLabel,
          stroke: token("--series-out"),
          width: 2,
          points: { show: false },
          paths: (plot, series) => stepsPath(plot, series, this.props.stepMs / 1000),
        },
      ],
      hooks: {
        drawClear: [(plot) => hatchGaps(plot, this.props.bins, this.props.stepMs)],
        setCursor: [(plot) => this.hover(plot.cursor)],
      },
    };
    this.plot = new Plot(options, this.data(), this.box.current);
  }

  hover({ left }) {
    if (left === null || left < 0) return this.setState({ hover: null });
    const at = this.plot.posToVal(left, "x") * 1000;
    const { bins, stepMs } = this.props;
    const hover = bins.findIndex((bin) => at >= bin.startMs && at < bin.startMs + stepMs);
    if (hover !== this.state.hover) this.setState({ hover: hover < 0 ? null : hover });
    return undefined;
  }

  render({ bins, stepMs, zone, label }, { hover, failed }) {
    if (failed) return html`<p class="hint gap-text">${t.footfall.failed}</p>`;
    const bin = hover === null ? null : bins[hover];
    return html`<div>
      <div class="chart" ref=${this.box} role="img" aria-label=${label}></div>
      <p class="readout" aria-hidden="true">${bin ? binText(bin, stepMs, zone) : label}</p>
    </div>`;
  }
}

function binText(bin, stepMs, zone) {
  const from = timeText(bin.startMs, zone);
  const to = timeText(bin.startMs + stepMs, zone);
  if (bin.inCount === null) return t.footfall.binGap(from, to);
  return t.footfall.bin(from, to, numberText(bin.inCount), numberText(bin.outCount));
}

function summary(bins, stepMs, zone) {
  const measured = bins.filter((bin) => bin.inCount !== null);
  const sum = (key) => measured.reduce((total, bin) => total + bin[key], 0);
  const busiest = measured.reduce((best, bin) => (bin.inCount > best.inCount ? bin : best), measured[0]);
  const times = `${timeText(busiest.startMs, zone)}–${timeText(busiest.startMs + stepMs, zone)}`;
  return t.footfall.summary(numberText(sum("inCount")), numberText(sum("outCount")), times);
}

function Key({ hasGaps }) {
  const entry = (name, text) => html`<li><span class=${`swatch ${name}`} aria-hidden="true"></span>${text}</li>`;
  return html`<ul class="legend">
    ${entry("series-in", t.footfall.inLabel)}${entry("series-out", t.footfall.outLabel)}
    ${hasGaps && entry("gap-hatch", t.footfall.noData)}
  </ul>`;
}

/** Props: layout, footfall ({points, stepMs, atMs, error} or null while it loads). */
export class Footfall extends Pure {
  render({ layout, footfall }) {
    if (this.counted?.footfall !== footfall || this.counted?.layout !== layout) {
      const bins = footfall?.points ? footfallBins(layout, footfall.points, footfall.atMs, footfall.stepMs) : [];
      this.counted = { footfall, layout, bins };
    }
    const { bins } = this.counted;
    const stepMs = footfall?.stepMs;
    const hasGaps = bins.some((bin) => bin.inCount === null);
    return html`<${Card}
      id="footfall"
      icon="chart"
      title=${t.footfall.title}
      className=${classes("footfall-card")}
      aside=${bins.length > 0 && html`<${Key} hasGaps=${hasGaps} />`}
    >
      ${footfall?.error && html`<p class="hint gap-text" role="status">${t.footfall.failed}</p>`}
      ${bins.length > 0
        ? html`<p class="card-lead">${stepMs === MINUTE_MS ? t.footfall.perMinute : t.footfall.perQuarter}</p>
            <${Chart} bins=${bins} stepMs=${stepMs} zone=${layout.time_zone} label=${summary(bins, stepMs, layout.time_zone)} />`
        : footfall && !footfall.error && html`<${Empty} icon="chart" title=${t.footfall.none} help=${t.footfall.noneHelp} />`}
    <//>`;
  }
}
