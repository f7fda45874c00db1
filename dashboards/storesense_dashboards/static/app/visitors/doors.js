// People inside by the doors: the day's course with its interval, and what each day was off by.
import { dayText, numberText, parseInstant } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Card, Empty } from "../parts/card.js";
import { Chart } from "../parts/chart.js";
import { Table } from "../parts/table.js";
import { html, Pure } from "../ui.js";

const p = await pageTexts("visitors");

const percent = (share, digits = 0) => `${numberText(share * 100, digits)} %`;
export const signed = (value, text) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${text(Math.abs(value))}`;
const peopleText = (value) => numberText(value);
const axisEnd = (max) => Math.max(4, Math.ceil(max * 1.1));

const HALF_A_DAY_MS = 43_200_000;

/** The day that a span from closing to closing is called by: that of its last hours, as days without trade may lie before. */
const dayOf = ({ ends_at: endsAt }, toMs, zone) => dayText(Math.min(parseInstant(endsAt) - HALF_A_DAY_MS, toMs), zone);

const dayColumns = (toMs, zone) => [
  { id: "day", label: p.columns.day, isHead: true, isBrief: true, value: (row) => row.starts_at, cell: (row) => dayOf(row, toMs, zone) },
  { id: "in", label: p.columns.entered, isNumber: true, value: (row) => row.entered },
  { id: "out", label: p.columns.left, isNumber: true, value: (row) => row.left },
  { id: "drift", label: p.columns.drift, isNumber: true, isBrief: true, value: (row) => row.drift, cell: (row) => (row.drift === null ? p.goesOn : signed(row.drift, numberText)) },
  {
    id: "correction",
    label: p.columns.correction,
    isNumber: true,
    isBrief: true,
    value: (row) => row.drift_ratio,
    cell: (row) => (row.drift_ratio === null ? p.goesOn : signed(row.drift_ratio, (share) => percent(share, 1))),
  },
  { id: "measured", label: p.columns.measured, isNumber: true, value: (row) => row.completeness, cell: (row) => percent(Math.floor(row.completeness * 100) / 100) },
];

function drawnOf({ points }) {
  const of = (name) => points.map((point) => point[name]);
  return {
    xs: points.map((point) => parseInstant(point.at) / 1000),
    most: Math.max(0, ...of("people")),
    series: [
      { label: p.band, kind: "band", colour: "--accent-soft", low: of("low"), high: of("high"), text: peopleText },
      { label: p.inDoors, kind: "steps", colour: "--series-in", values: of("people"), text: peopleText },
    ],
  };
}

/** Props: occupancy (as the API tells it), zone, name (of the store). */
export class Doors extends Pure {
  render({ occupancy, zone, name }) {
    if (this.of !== occupancy) {
      this.of = occupancy;
      this.drawn = drawnOf(occupancy);
    }
    const { xs, series, most } = this.drawn;
    if (occupancy.basis === "none")
      return html`<${Card} id="doors" icon="inside" title=${p.doors}><${Empty} icon="inside" title=${p.noDoors.title} help=${p.noDoors.help} /><//>`;
    return html`<${Card} id="doors" icon="inside" title=${p.doors}>
      <p class="card-lead">${p.doorsLead}</p>
      ${xs.length > 0 &&
      html`<${Chart} title=${`${name} ${p.doors}`} xs=${xs} series=${series} stepS=${occupancy.step_s} zone=${zone} label=${p.doorsSummary(most, peopleText(most))} maxOf=${axisEnd} />`}
      ${occupancy.days.length > 0 &&
      html`<h3>${p.days}</h3>
        <${Table} title=${`${name} ${p.days}`} rows=${occupancy.days} keyOf=${(row) => row.starts_at} columns=${dayColumns(parseInstant(occupancy.to), zone)} sortedBy="-day" />`}
    <//>`;
  }
}
