// Slots counted by hand: what became of counts, and how well the shelves count by them.
import { deviceText } from "../devices/words.js";
import { dayTimeText, numberText, timeText } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Card } from "../parts/card.js";
import { Table } from "../parts/table.js";
import { html } from "../ui.js";
import { productName } from "./rows.js";

export { CountDialog } from "./count_dialog.js";

const p = await pageTexts("shelves");

const STEP = 10;

const slotNamed = (layout, id) => layout.slots.find((slot) => slot.id === id);

function listed(slot, products, key) {
  return products.map((each) => `${products.length > 1 ? `${slot ? productName(slot, each.sku) : each.sku} ` : ""}${numberText(each[key])}`).join(", ");
}

/** How well the shelves count, in words. */
export function accuracyText(accuracy) {
  if (!accuracy.counts) return p.count.nothing;
  const share = (value) => `${numberText(Math.round(value * 100))} %`;
  return p.count.accuracy(
    numberText(accuracy.counts),
    share(accuracy.exact_share),
    share(accuracy.exact_low),
    share(accuracy.exact_high),
    numberText(accuracy.mean_abs_error_units, 1),
  );
}

/** Props: layout, counts (the API's answer), atMs, zone. */
export function Counts({ layout, counts, atMs, zone }) {
  const columns = [
    { id: "at", label: p.columns.at, value: (row) => row.count_no, cell: (row) => dayTimeText(row.counted_at_ms, atMs ?? row.counted_at_ms, zone) },
    { id: "place", label: p.columns.place, isHead: true, value: (row) => slotNamed(layout, row.slot_id)?.name ?? row.slot_id },
    { id: "counted", isBrief: true, label: p.columns.counted, value: (row) => listed(slotNamed(layout, row.slot_id), row.products, "units") },
    {
      id: "believed",
      label: p.columns.believed,
      value: (row) => (row.state === "taken" ? listed(slotNamed(layout, row.slot_id), row.products, "believed_units") : null),
    },
    { id: "state", label: p.columns.became, isBrief: true, value: (row) => (row.reason ? deviceText(row.reason) : p.count.states[row.state]) },
  ];
  const rows = counts.counts.map((row) => ({ ...row, counted_at_ms: Date.parse(row.counted_at) }));
  return html`<${Card} id="counts" icon="check" title=${p.count.heading}>
    <p class="card-lead">${accuracyText(counts.accuracy)}</p>
    ${rows.length > 0 && html`<${Table} title=${p.count.heading} rows=${rows} keyOf=${(row) => row.count_no} columns=${columns} sortedBy="-at" step=${STEP} />`}
  <//>`;
}

const happened = (slot, event, units, sku) =>
  `${p.events[event] ?? event}${units ? ` · ${numberText(units)}` : ""}${sku ? ` · ${slot ? productName(slot, sku) : sku}` : ""}`;

/** Props: layout, corrections (the API's answer), zone. */
export function ToldAnew({ layout, corrections, zone }) {
  const columns = [
    { id: "at", label: p.columns.at, value: (row) => row.at_ms, cell: (row) => timeText(row.at_ms, zone) },
    { id: "place", label: p.columns.place, isHead: true, value: (row) => row.slot?.name ?? row.slot_id },
    { id: "told", label: p.columns.told, value: (row) => happened(row.slot, row.told_event, row.told_units, row.told_sku) },
    { id: "was", label: p.columns.was, isBrief: true, value: (row) => happened(row.slot, row.event, row.units, row.sku) },
  ];
  const rows = corrections.corrections.map((row) => ({
    ...row,
    at_ms: Date.parse(row.measured_at),
    slot: slotNamed(layout, row.slot_id),
  }));
  return html`<${Card} id="told-anew" icon="note" title=${p.toldAnew}>
    <p class="card-lead">${p.toldAnewLead}</p>
    <${Table}
      title=${p.toldAnew}
      rows=${rows}
      keyOf=${(row) => `${row.slot_id} ${row.measured_at} ${row.correction_no} ${row.sku}`}
      columns=${columns}
      sortedBy="-at"
      step=${STEP}
    />
  <//>`;
}
