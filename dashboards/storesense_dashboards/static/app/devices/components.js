// The parts of all devices with their health: what is not well first, and what is under a lid.
import { agoText, numberText } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Card } from "../parts/card.js";
import { Fold } from "../parts/fold.js";
import { Table } from "../parts/table.js";
import { classes, html } from "../ui.js";
import { DeviceWords } from "./words.js";

const p = await pageTexts("devices");

const STEP = 20;
const FOLDED_FROM = 12;

const componentColumns = (nowMs) => [
  { id: "device", label: p.columns.device, isBrief: true, value: (row) => row.device_id },
  { id: "component", label: p.columns.component, isHead: true, value: (row) => row.component_id },
  {
    id: "state",
    label: p.columns.health,
    isBrief: true,
    value: (row) => row.state,
    cell: (row) => html`<span class=${classes(row.state !== "ok" && "is-bad")}>${p.healths[row.state]}</span>`,
  },
  { id: "reason", label: p.columns.reason, value: (row) => row.reason, cell: (row) => html`<${DeviceWords} text=${row.reason} cause=${row.cause} />` },
  { id: "frames", label: p.columns.frames, isNumber: true, value: (row) => row.frames_per_s, cell: (row) => numberText(row.frames_per_s, 1) },
  { id: "told", label: p.columns.told, value: (row) => row.measured_at, cell: (row) => agoText(Date.parse(row.measured_at), nowMs) },
];

/** Props: rows (of devices), nowMs, isOpen and onToggle (of what is well). */
export function Components({ rows, nowMs, isOpen, onToggle }) {
  const all = rows.flatMap((row) => row.components.map((component) => ({ ...component, device_id: row.device_id })));
  const well = all.length > FOLDED_FROM ? all.filter(({ state }) => state === "ok") : [];
  const rest = all.filter((each) => !well.includes(each));
  const table = (some, title) => html`<${Table}
    title=${title}
    rows=${some}
    keyOf=${(row) => `${row.device_id}:${row.component_id}`}
    columns=${componentColumns(nowMs)}
    step=${STEP}
    empty=${html`<p class="hint">${well.length ? p.allWell : p.noHealth}</p>`}
  />`;
  return html`<${Card} id="components" icon="setup" title=${p.components}>
    ${table(rest, p.components)}
    ${well.length > 0 && html`<${Fold} title=${p.partsWell(well.length)} isOpen=${isOpen} onToggle=${onToggle}>${() => table(well, p.partsWell(well.length))}<//>`}
  <//>`;
}
