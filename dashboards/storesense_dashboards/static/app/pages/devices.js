// Devices: which are well, how complete their data is hour by hour and why not, clocks, outboxes, versions, calibration.
import { api, request, storePath } from "../api.js";
import { AskDialog, Commands, mayAsk, mergedCommands, recentCommands, stateOf } from "../devices/commands.js";
import { awaitedMessages, completenessOf, deviceRows, hourState, missingReasons } from "../devices/hours.js";
import { agoText, dayTimeText, durationText, numberText, timeText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card, Empty } from "../parts/card.js";
import { Figure } from "../parts/figure.js";
import { Loading } from "../parts/notice.js";
import { loadStyle } from "../parts/style.js";
import { Table } from "../parts/table.js";
import { toast } from "../parts/toast.js";
import { classes, html, Pure } from "../ui.js";

const [p] = await Promise.all([pageTexts("devices"), loadStyle("devices")]);

const CLOCK_OFF_MS = 1_000;

export const refreshMs = 20_000;

export const title = () => p.title;

export async function load({ storeId, signal }) {
  const ask = (rest) => request("GET", storePath(storeId, rest), undefined, { signal });
  const dayAgo = new Date(Date.now() - 7 * 86_400_000 + 60_000).toISOString();
  const [devices, completeness, planogram, quality, commands] = await Promise.all([
    ask("/devices"),
    ask("/completeness"),
    ask("/planogram/devices"),
    ask(`/quality?from=${encodeURIComponent(dayAgo)}`),
    ask("/commands?limit=100"),
  ]);
  return { devices: devices.devices, completeness, planogram: planogram.devices, quality, commands: commands.commands };
}

/** A share as per cent. Only what is whole is told as 100 %, and only nothing at all as 0 %. */
function percent(share) {
  if (share === null) return t.unknown;
  if (share === 0 || share === 1) return `${share * 100} %`;
  return `${numberText(Math.min(99.9, Math.max(0.1, Math.round(share * 1000) / 10)), 1)} %`;
}

const ms = (value) => {
  const size = Math.abs(value);
  const text = size < 1000 ? `${numberText(size)} ms` : durationText(size / 1000);
  return value === 0 ? text : value > 0 ? p.ahead(text) : p.behind(text);
};

const bytes = (value) => (value < 1e6 ? `${numberText(value / 1e3, 0)} kB` : `${numberText(value / 1e6, 1)} MB`);

const reasonsText = (hours) =>
  missingReasons(hours)
    .map(([reason, share]) => p.missing(p.reasons[reason] ?? reason, percent(share)))
    .join(", ");

/** The last day of one device, an hour a cell. The row's text says the same for who cannot see it. */
function Hours({ name, hours, zone }) {
  if (!hours.length) return html`<span class="gap-text">${p.nothingExpected}</span>`;
  const why = reasonsText(hours);
  return html`<div class="hours" role="img" aria-label=${p.hoursLabel(name, percent(completenessOf(hours)), why)}>
    ${hours.map((hour) => {
      const state = hourState(hour);
      const from = Date.parse(hour.at);
      const reasons = reasonsText([hour]);
      const text = `${timeText(from, zone)}: ${state === "nothing" ? p.nothingExpected : percent(hour.completeness)}${reasons ? ` · ${reasons}` : ""}`;
      return html`<span key=${hour.at} class=${`hour is-${state}`} title=${text}>
        ${state === "part" && html`<span style=${{ height: `${Math.max(8, hour.completeness * 100)}%` }}></span>`}
      </span>`;
    })}
  </div>`;
}

function Ledger({ rows, others, zone, from, nowMs }) {
  const all = others.length ? [...rows, { device_id: null, hours: others, completeness: completenessOf(others) }] : rows;
  return html`<${Card} id="completeness" icon="chart" title=${p.completeness}>
    <p class="card-lead">${p.completenessLead(dayTimeText(from, nowMs, zone))}</p>
    <ul class="ledger">
      ${all.map((row) => {
        const name = row.device_id ?? p.nobody;
        const why = reasonsText(row.hours);
        return html`<li key=${name} data-device=${name}>
          <div class="ledger-head">
            <span class="row-name">${name}</span>
            <span class=${classes("ledger-share", row.completeness !== null && row.completeness < 0.95 && "is-bad")}>${percent(row.completeness)}</span>
          </div>
          <${Hours} name=${name} hours=${row.hours} zone=${zone} />
          ${why && html`<p class="hint">${why}</p>`}
          ${row.awaited > 0 && html`<p class="hint">${p.awaited(row.awaited)}</p>`}
        </li>`;
      })}
    </ul>
    <ul class="legend">
      <li><span class="hour is-whole"></span>${p.legend.whole}</li>
      <li><span class="hour is-part"><span style=${{ height: "50%" }}></span></span>${p.legend.part}</li>
      <li><span class="hour is-none"></span>${p.legend.none}</li>
      <li><span class="hour is-nothing"></span>${p.legend.nothing}</li>
    </ul>
  <//>`;
}

function State({ row, nowMs }) {
  const word = row.state === "online" ? p.online : row.lastSeenAt ? p.offlineSince(agoText(Date.parse(row.lastSeenAt), nowMs)) : p.neverSeen;
  return html`<span class="device-state"><span class=${`device-dot is-${row.state}`} aria-hidden="true"></span>${word}</span>`;
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
  { id: "state", label: p.columns.state, value: (row) => row.state, cell: (row) => html`<${State} row=${row} nowMs=${nowMs} />` },
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
        : html`<span class=${classes(Math.abs(row.clockOffsetMs) > CLOCK_OFF_MS && "is-bad")}>${ms(row.clockOffsetMs)}</span>`,
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

const componentColumns = (nowMs) => [
  { id: "device", label: p.columns.device, value: (row) => row.device_id },
  { id: "component", label: p.columns.component, isHead: true, value: (row) => row.component_id },
  {
    id: "state",
    label: p.columns.health,
    value: (row) => row.state,
    cell: (row) => html`<span class=${classes(row.state !== "ok" && "is-bad")}>${p.healths[row.state]}</span>`,
  },
  { id: "reason", label: p.columns.reason, value: (row) => row.reason },
  { id: "frames", label: p.columns.frames, isNumber: true, value: (row) => row.frames_per_s, cell: (row) => numberText(row.frames_per_s, 1) },
  { id: "told", label: p.columns.told, value: (row) => row.measured_at, cell: (row) => agoText(Date.parse(row.measured_at), nowMs) },
];

const errorText = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${numberText(Math.abs(value) * 100, 1)} %`;

const auditColumns = (layout, nowMs, zone) => [
  { id: "line", label: p.columns.line, isHead: true, value: (row) => layout.lines.find((line) => line.id === row.line_id)?.name ?? row.line_id },
  { id: "direction", label: p.columns.direction, value: (row) => p.directions[row.direction] },
  { id: "tallied", label: p.columns.tallied, isNumber: true, value: (row) => row.tallied_count },
  { id: "counted", label: p.columns.counted, isNumber: true, value: (row) => row.counted_count },
  {
    id: "error",
    label: p.columns.error,
    isNumber: true,
    value: (row) => row.error,
    cell: (row) => (row.error === null ? t.unknown : p.errorBand(errorText(row.error), errorText(row.error_low), errorText(row.error_high))),
  },
  { id: "audited", label: p.columns.audited, value: (row) => row.audited_at, cell: (row) => dayTimeText(Date.parse(row.audited_at), nowMs, zone) },
];

function Calibration({ layout, live, quality, nowMs, zone, href }) {
  const due = Object.values(live.alerts).filter((alert) => alert.kind === "calibration_due" && !["resolved", "dismissed"].includes(alert.state));
  const unaudited = layout.lines.filter((line) => line.is_entrance && !quality.lines.some((audit) => audit.line_id === line.id));
  return html`<${Card} id="calibration" icon="check" title=${p.calibration}>
    ${due.length
      ? html`<p>
          ${p.calibrationDue(due.length)} ${due.map((alert) => alert.details?.subject_name ?? alert.subject_id).join(", ")}.
          <a href=${href}>${p.toAlerts}</a>
        </p>`
      : html`<p class="hint">${p.noCalibrationDue}</p>`}
    <h3 class="devices-sub">${p.audits}</h3>
    ${unaudited.length > 0 && html`<p class="hint">${p.unaudited(unaudited.map((line) => line.name).join(", "))}</p>`}
    <${Table}
      title=${p.audits}
      rows=${quality.lines}
      keyOf=${(row) => `${row.line_id}:${row.direction}`}
      columns=${auditColumns(layout, nowMs, zone)}
      empty=${html`<p class="hint">${p.noAudits}</p>`}
    />
    <h3 class="devices-sub">${p.faults}</h3>
    <${Table}
      title=${p.faults}
      rows=${quality.faults}
      keyOf=${(row) => `${row.device_id}:${row.component_id}:${row.cause}:${row.from}`}
      columns=${[
        { id: "component", label: p.columns.component, isHead: true, value: (row) => `${row.device_id}, ${row.component_id}` },
        { id: "cause", label: p.columns.reason, value: (row) => row.reason ?? row.cause },
        { id: "from", label: p.columns.from, value: (row) => row.from, cell: (row) => dayTimeText(Date.parse(row.from), nowMs, zone) },
        { id: "to", label: p.columns.to, value: (row) => row.to, cell: (row) => dayTimeText(Date.parse(row.to), nowMs, zone) },
      ]}
      sortedBy="-from"
      empty=${html`<p class="hint">${p.noFaults}</p>`}
    />
  <//>`;
}

/** Props: as every page's View. */
export class View extends Pure {
  state = { asked: null, sent: [] };

  #ask = (deviceId) => this.setState({ ...this.state, asked: deviceId });

  #close = () => this.setState({ ...this.state, asked: null });

  #send = async (body) => {
    const { asked } = this.state;
    const sent = await api.send("POST", this.props.view.storeId, `/devices/${encodeURIComponent(asked)}/commands`, body);
    this.setState({ ...this.state, asked: null, sent: [sent, ...this.state.sent].slice(0, 100) });
    toast(p.commands.sentToast, { tone: "good" });
  };

  render({ state, layout, live, nowMs, zone, data, view }, { asked, sent }) {
    if (!state.hasSnapshot) return html`<${Loading} />`;
    if (!data.devices.length) return html`<${Empty} icon="device" title=${p.none} help=${p.noneHelp} />`;
    const rows = deviceRows(data, live.devices);
    const online = rows.filter((row) => row.state === "online").length;
    const offClocks = rows.filter((row) => row.clockOffsetMs !== null && Math.abs(row.clockOffsetMs) > CLOCK_OFF_MS);
    const waiting = rows.reduce((sum, row) => sum + (row.outboxMessages ?? 0), 0);
    const awaited = data.completeness.devices.reduce((sum, entry) => sum + awaitedMessages(entry.boots), 0);
    const others = data.completeness.devices.find((entry) => entry.device_id === null)?.hours ?? [];
    const allHours = data.completeness.devices.flatMap((entry) => entry.hours);
    const components = rows.flatMap((row) => row.components.map((component) => ({ ...component, device_id: row.device_id })));
    const share = completenessOf(allHours);
    const commands = mergedCommands(sent, data.commands, recentCommands(live.devices));
    const askedRow = rows.find((row) => row.device_id === asked);
    return html`<div class="figures">
        <dl class="figure-grid">
          <${Figure} id="online" icon="device" label=${p.online} value=${numberText(online)} of=${p.of(rows.length)} tone=${online < rows.length ? "act" : null} />
          <${Figure} id="complete" label=${p.complete24} value=${share === null ? null : percent(share)} note=${reasonsText(allHours) || null} tone=${share !== null && share < 0.95 ? "act" : null} />
          <${Figure} id="clocks" label=${p.offClocks} value=${numberText(offClocks.length)} note=${offClocks.map((row) => row.device_id).join(", ") || null} tone=${offClocks.length ? "act" : null} />
          <${Figure} id="outbox" label=${p.waiting} value=${numberText(waiting)} unit=${p.messageUnit} />
          <${Figure} id="awaited" label=${p.awaitedLabel} value=${numberText(awaited)} unit=${p.messageUnit} tone=${awaited ? "act" : null} />
        </dl>
      </div>
      <${Card} id="device-list" icon="device" title=${p.title}>
        <${Table}
          title=${p.title}
          rows=${rows}
          keyOf=${(row) => row.device_id}
          columns=${columnsOf(nowMs, commands, mayAsk(state.session?.user?.role ?? state.session?.role), this.#ask)}
          sortedBy=${view.params.sort ?? "state"}
        />
      <//>
      <${Commands} commands=${commands} layout=${layout} nowMs=${nowMs} zone=${zone} />
      ${askedRow && html`<${AskDialog} key=${asked} device=${askedRow} layout=${layout} onClose=${this.#close} onSend=${this.#send} />`}
      <${Ledger} rows=${rows} others=${others} zone=${zone} from=${Date.parse(data.completeness.from)} nowMs=${nowMs} />
      <${Card} id="components" icon="setup" title=${p.components}>
        <${Table}
          title=${p.components}
          rows=${components}
          keyOf=${(row) => `${row.device_id}:${row.component_id}`}
          columns=${componentColumns(nowMs)}
          empty=${html`<p class="hint">${p.noHealth}</p>`}
        />
      <//>
      <${Calibration}
        layout=${layout}
        live=${live}
        quality=${data.quality}
        nowMs=${nowMs}
        zone=${zone}
        href=${`#store=${encodeURIComponent(view.storeId)}&page=alerts`}
      />`;
  }
}
