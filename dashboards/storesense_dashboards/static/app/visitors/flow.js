// Heads, groups and staff over the lines; how long visits to zones last; how many went from zone to zone.
import { durationText, numberText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card } from "../parts/card.js";
import { Table } from "../parts/table.js";
import { html } from "../ui.js";
import { signed } from "./doors.js";
import { Mark } from "./mark.js";

const p = await pageTexts("visitors");

const percent = (share, digits = 0) => (share === null ? t.unknown : `${numberText(share * 100, digits)} %`);
const nameOf = (places, id) => places.find((place) => place.id === id)?.name ?? id;
const errorText = (value) => signed(value, (share) => percent(share, 1));
const seconds = (value) => (value === null ? t.unknown : durationText(value));

/** Props: lines (as `GET .../parties` tells them), audits, marked (seconds by figure), layout. */
export function Lines({ lines, audits, marked, layout }) {
  const audit = (row) => audits.find((each) => each.line_id === row.line_id && each.direction === "in" && each.error !== null);
  const columns = [
    {
      id: "line",
      label: p.columns.line,
      isHead: true,
      isBrief: true,
      value: (row) => nameOf(layout.lines, row.line_id),
      cell: (row) => html`${nameOf(layout.lines, row.line_id)}<${Mark} seconds=${marked[`footfall/${row.line_id}`]} />`,
    },
    { id: "in", label: p.columns.entered, isNumber: true, isBrief: true, value: (row) => row.in_people },
    { id: "out", label: p.columns.left, isNumber: true, isBrief: true, value: (row) => row.out_people },
    { id: "parties", label: p.columns.parties, isNumber: true, value: (row) => row.in_parties },
    { id: "parties-out", label: p.columns.partiesOut, isNumber: true, value: (row) => row.out_parties },
    { id: "size", label: p.columns.size, isNumber: true, value: (row) => row.people_per_party, cell: (row) => (row.people_per_party === null ? t.unknown : numberText(row.people_per_party, 1)) },
    { id: "staff", label: p.columns.staff, isNumber: true, value: (row) => row.staff_share, cell: (row) => percent(row.staff_share) },
    {
      id: "error",
      label: p.columns.error,
      isNumber: true,
      value: (row) => audit(row)?.error ?? null,
      cell: (row) => {
        const found = audit(row);
        return found ? p.errorBand(errorText(found.error), errorText(found.error_low), errorText(found.error_high)) : p.notChecked;
      },
    },
  ];
  return html`<${Card} id="lines" icon="people" title=${p.lines}>
    <p class="card-lead">${p.linesLead}</p>
    <${Table} title=${`${layout.name} ${p.lines}`} rows=${lines} keyOf=${(row) => row.line_id} columns=${columns} sortedBy="-in" />
  <//>`;
}

function Lengths({ counts, edges }) {
  const most = Math.max(1, ...counts);
  const texts = counts.flatMap((n, step) => {
    if (!n) return [];
    const low = durationText(step ? edges[step - 1] : 0);
    return [step < edges.length ? p.step(low, durationText(edges[step]), n) : p.lastStep(low, n)];
  });
  if (!texts.length) return t.unknown;
  const text = p.lengths(texts.join(" · "));
  return html`<span class="lengths" role="img" aria-label=${text} title=${text}>
    ${counts.map((n, step) => html`<span key=${step} style=${{ height: `${n ? Math.max(6, Math.round((n / most) * 100)) : 0}%` }}></span>`)}
  </span>`;
}

/** Props: dwell (as the API tells it), marked, layout. */
export function Stays({ dwell, marked, layout }) {
  const columns = [
    {
      id: "zone",
      label: p.columns.zone,
      isHead: true,
      isBrief: true,
      value: (row) => nameOf(layout.zones, row.zone_id),
      cell: (row) => html`${nameOf(layout.zones, row.zone_id)}<${Mark} seconds=${marked[`zone/${row.zone_id}`]} />`,
    },
    { id: "visits", label: p.columns.visits, isNumber: true, isBrief: true, value: (row) => row.visits },
    { id: "stops", label: p.columns.stops, isNumber: true, value: (row) => row.stops },
    { id: "passes", label: p.columns.passes, isNumber: true, value: (row) => row.passes },
    { id: "median", label: p.columns.median, isNumber: true, isBrief: true, value: (row) => row.median_s, cell: (row) => seconds(row.median_s) },
    { id: "p90", label: p.columns.p90, isNumber: true, value: (row) => row.p90_s, cell: (row) => seconds(row.p90_s) },
    { id: "lengths", label: p.columns.lengths, isUnsorted: true, value: (row) => row.counts.join(" "), cell: (row) => html`<${Lengths} counts=${row.counts} edges=${dwell.edges_s} />` },
    { id: "unknown", label: p.columns.unknown, isNumber: true, value: (row) => row.unknown },
    { id: "staff", label: p.columns.staff, isNumber: true, value: (row) => row.staff_share, cell: (row) => percent(row.staff_share) },
  ];
  return html`<${Card} id="stays" icon="replay" title=${p.stays}>
    <p class="card-lead">${p.staysLead}</p>
    <${Table} title=${`${layout.name} ${p.stays}`} rows=${dwell.zones} keyOf=${(row) => row.zone_id} columns=${columns} sortedBy="-visits" />
  <//>`;
}

/** Props: transitions (as the API tells them), layout. */
export function Ways({ transitions, layout }) {
  const columns = [
    { id: "from", label: p.columns.from, isHead: true, isBrief: true, value: (row) => nameOf(layout.zones, row.from_zone_id) },
    { id: "to", label: p.columns.to, isBrief: true, value: (row) => nameOf(layout.zones, row.to_zone_id) },
    { id: "people", label: p.columns.people, isNumber: true, isBrief: true, value: (row) => row.people },
  ];
  return html`<${Card} id="ways" icon="pin" title=${p.ways}>
    <p class="card-lead">${p.waysLead(transitions.fewest_told)}</p>
    <${Table}
      title=${`${layout.name} ${p.ways}`}
      rows=${transitions.ways}
      keyOf=${(row) => `${row.from_zone_id} ${row.to_zone_id}`}
      columns=${columns}
      sortedBy="-people"
      empty=${html`<p class="hint">${p.noWays}</p>`}
    />
    ${transitions.suppressed > 0 && html`<p class="hint">${p.suppressed(transitions.suppressed)}</p>`}
  <//>`;
}
