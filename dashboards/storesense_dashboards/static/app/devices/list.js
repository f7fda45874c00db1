// The devices in a table: what needs attention first, narrowed by a choice and by words.
import { agoText, durationText, numberText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card } from "../parts/card.js";
import { Filter, Find, finder } from "../parts/filter.js";
import { Table } from "../parts/table.js";
import { classes, html } from "../ui.js";
import { stateOf } from "./commands.js";
import { byNeed, isClockOff, needsOf } from "./hours.js";
import { percent } from "./shares.js";

const p = await pageTexts("devices");

const STEP = 20;

const ms = (value) => {
  const size = Math.abs(value);
  const text = size < 1000 ? `${numberText(size)} ms` : durationText(size / 1000);
  return value === 0 ? text : value > 0 ? p.ahead(text) : p.behind(text);
};

const bytes = (value) => (value < 1e6 ? `${numberText(value / 1e3, 0)} kB` : `${numberText(value / 1e6, 1)} MB`);

/** Whether it is there; on a phone also what it needs, as the cells that say so may be folded. */
function State({ row, nowMs }) {
  const word = row.state === "online" ? p.online : row.lastSeenAt ? p.offlineSince(agoText(Date.parse(row.lastSeenAt), nowMs)) : p.neverSeen;
  const needs = needsOf(row).filter((need) => need !== "offline");
  return html`<div>
    <span class="device-state"><span class=${`device-dot is-${row.state}`} aria-hidden="true"></span>${word}</span>
    ${needs.length > 0 && html`<span class="device-needs is-bad">${needs.map((need) => p.needs[need]).join(" · ")}</span>`}
  </div>`;
}

/** Where the newest command to a device stands, and the way to ask for another. */
function Asked({ row, newest, nowMs, mayAskHere, onAsk }) {
  const canAsk = mayAskHere && row.commands.length > 0;
  if (!canAsk && !newest) return html`<span class="gap-text">${row.commands.length ? t.unknown : p.commands.noneUnderstood}</span>`;
  return html`<div class="asked">
    ${canAsk && html`<button class="quiet" aria-label=${p.commands.askLabel(row.device_id)} onClick=${() => onAsk(row.device_id)}>${p.commands.askButton}</button>`}
    ${newest && html`<span class="hint" data-state=${stateOf(newest, nowMs)}>${p.commands.kinds[newest.kind] ?? newest.kind}: ${p.commands.states[stateOf(newest, nowMs)]}</span>`}
  </div>`;
}

const columnsOf = (nowMs, commands, mayAskHere, onAsk) => [
  { id: "device", label: p.columns.device, isHead: true, value: (row) => row.device_id },
  { id: "kind", label: p.columns.kind, value: (row) => (row.registered_at ? (p.kinds[row.kind] ?? row.kind) : p.notRegistered) },
  { id: "state", label: p.columns.state, isBrief: true, value: (row) => row.state, cell: (row) => html`<${State} row=${row} nowMs=${nowMs} />` },
  {
    id: "commands",
    label: p.commands.title,
    isUnsorted: true,
    value: (row) => row.commands.join(" "),
    cell: (row) => html`<${Asked} row=${row} newest=${commands.find((each) => each.device_id === row.device_id)} nowMs=${nowMs} mayAskHere=${mayAskHere} onAsk=${onAsk} />`,
  },
  {
    id: "health",
    label: p.columns.health,
    value: (row) => row.health,
    cell: (row) => (row.health ? html`<span class=${classes(row.health !== "ok" && "is-bad")}>${p.healths[row.health]}</span>` : t.unknown),
  },
  {
    id: "completeness",
    label: p.columns.completeness,
    isNumber: true,
    value: (row) => row.completeness,
    cell: (row) => html`<span class=${classes(row.completeness !== null && row.completeness < 0.95 && "is-bad")}>${percent(row.completeness)}</span>`,
  },
  {
    id: "clock",
    label: p.columns.clock,
    isNumber: true,
    value: (row) => row.clockOffsetMs,
    cell: (row) =>
      row.clockOffsetMs === null
        ? t.unknown
        : html`<span class=${classes(isClockOff(row) && "is-bad")}>${ms(row.clockOffsetMs)}</span>`,
  },
  {
    id: "outbox",
    label: p.columns.outbox,
    isNumber: true,
    value: (row) => row.outboxMessages,
    cell: (row) =>
      row.outboxMessages === null ? t.unknown : row.outboxMessages ? `${p.messages(row.outboxMessages)}, ${bytes(row.outboxBytes ?? 0)}` : p.outboxEmpty,
  },
  { id: "uptime", label: p.columns.uptime, isNumber: true, value: (row) => row.uptimeS, cell: (row) => (row.uptimeS === null ? t.unknown : durationText(row.uptimeS)) },
  { id: "software", label: p.columns.software, value: (row) => row.software },
  {
    id: "planogram",
    label: p.columns.planogram,
    value: (row) => row.planogram?.version ?? null,
    cell: (row) => {
      if (!row.planogram) return t.unknown;
      const { version, is_in_force: isInForce, reason } = row.planogram;
      if (version === null) return p.planogram.site;
      return html`<span class=${classes(!isInForce && "is-bad")} title=${reason ?? undefined}>${isInForce ? p.planogram.current(version) : p.planogram.behind(version)}</span>`;
    },
  },
];

const NEEDY = "attention";

const kindText = (kind) => p.kinds[kind] ?? kind;

/** Whether a device is what is looked for: by its name, its kind, and what it measures. */
function isFound(row, find, layout) {
  const subjects = row.measures.map(({ subject_id: id }) => layout.slots.find((slot) => slot.id === id) ?? { name: id });
  return find(row.device_id, kindText(row.kind), row.software, ...subjects.flatMap(({ name, product }) => [name, product?.name, product?.sku]));
}

/** Props: rows, commands, layout, nowMs, mayAskHere, onAsk(deviceId), params, setParams(params). */
export function Devices({ rows, commands, layout, nowMs, mayAskHere, onAsk, params, setParams }) {
  const isNeedy = (row) => needsOf(row).length > 0;
  const kinds = [...new Set(rows.map((row) => row.kind))].sort((a, b) => kindText(a).localeCompare(kindText(b), t.lang));
  const show = params.show === NEEDY || kinds.includes(params.show) ? params.show : "";
  const count = (test) => numberText(rows.filter(test).length);
  const find = finder(params.find);
  const shown = byNeed(rows).filter((row) => (!show || (show === NEEDY ? isNeedy(row) : row.kind === show)) && isFound(row, find, layout));
  const nothing = show === NEEDY && !params.find ? p.noneNeedy : p.noneFound;
  return html`<${Card} id="device-list" icon="device" title=${p.title}>
    <div class="filters">
      <${Filter}
        label=${p.show}
        value=${show}
        onChange=${(value) => setParams({ ...params, show: value })}
        values=${[
          ["", p.showAll(numberText(rows.length))],
          [NEEDY, p.showNeedy(count(isNeedy))],
          ...kinds.map((kind) => [kind, p.showKind(kindText(kind), count((row) => row.kind === kind))]),
        ]}
      />
      <${Find} label=${p.find} value=${params.find} found=${shown.length} onChange=${(text) => setParams({ ...params, find: text })} />
    </div>
    <${Table}
      title=${p.title}
      rows=${shown}
      keyOf=${(row) => row.device_id}
      columns=${columnsOf(nowMs, commands, mayAskHere, onAsk)}
      sortedBy=${params.sort ?? null}
      onSort=${(sort) => setParams({ ...params, sort })}
      rowClass=${(row) => isNeedy(row) && "is-needy"}
      step=${STEP}
      empty=${html`<p class="hint">${nothing}</p>`}
    />
  <//>`;
}
