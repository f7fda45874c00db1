// Footfall of the day at the entrances: people in as bars, people out as a line.
import { footfallBins } from "../figures.js";
import { MINUTE_MS } from "../footfall.js";
import { numberText, timeText } from "../format.js";
import { t } from "../i18n/index.js";
import { html, Pure } from "../ui.js";
import { Card, Empty } from "../parts/card.js";
import { Lazy } from "./floor.js";

const MIN_BINS = 16;

// The chart waits for its numbers anyway: what draws it comes after the first figures.
const loadChart = () => import("../parts/chart.js").then((module) => module.Chart);

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

const axisEnd = (max) => Math.max(4, Math.ceil(max * 1.1));

/** The bins as the chart takes them; a young day's chart is no narrower than `MIN_BINS`. */
function drawnOf(bins, stepMs) {
  if (!bins.length) return null;
  const count = Math.max(MIN_BINS, (bins.at(-1).startMs - bins[0].startMs) / stepMs + 1);
  const fromS = bins[0].startMs / 1000;
  return {
    xs: bins.map((bin) => bin.startMs / 1000),
    series: [
      { label: t.footfall.inLabel, kind: "bars", colour: "--series-in", values: bins.map((bin) => bin.inCount) },
      { label: t.footfall.outLabel, kind: "steps", colour: "--series-out", values: bins.map((bin) => bin.outCount) },
    ],
    span: { fromS, toS: fromS + (count * stepMs) / 1000 },
  };
}

/** Props: layout, footfall ({points, stepMs, atMs, error} or null while it loads). */
export class Footfall extends Pure {
  render({ layout, footfall }) {
    if (this.counted?.footfall !== footfall || this.counted?.layout !== layout) {
      const bins = footfall?.points ? footfallBins(layout, footfall.points, footfall.atMs, footfall.stepMs) : [];
      this.counted = { footfall, layout, bins };
      this.drawn = drawnOf(bins, footfall?.stepMs);
    }
    const { bins } = this.counted;
    const stepMs = footfall?.stepMs;
    const hasGaps = bins.some((bin) => bin.inCount === null);
    return html`<${Card}
      id="footfall"
      icon="chart"
      title=${t.footfall.title}
      className="footfall-card"
      aside=${bins.length > 0 && html`<${Key} hasGaps=${hasGaps} />`}
    >
      ${footfall?.error && html`<p class="hint gap-text" role="status">${t.footfall.failed}</p>`}
      ${bins.length > 0
        ? html`<p class="card-lead">${stepMs === MINUTE_MS ? t.footfall.perMinute : t.footfall.perQuarter}</p>
            <${Lazy}
              load=${loadChart}
              waiting=${html`<div class="chart chart-waiting"></div>`}
              title=${`${layout.name} ${t.footfall.title}`}
              ...${this.drawn}
              stepS=${stepMs / 1000}
              zone=${layout.time_zone}
              label=${summary(bins, stepMs, layout.time_zone)}
              maxOf=${axisEnd}
              pointText=${(index) => binText(bins[index], stepMs, layout.time_zone)}
            />`
        : footfall && !footfall.error && html`<${Empty} icon="chart" title=${t.footfall.none} help=${t.footfall.noneHelp} />`}
    <//>`;
  }
}
