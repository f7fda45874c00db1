// Calibration and accuracy: what is due, counts checked by hand, and what cameras had.
import { dayTimeText, numberText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card } from "../parts/card.js";
import { Table } from "../parts/table.js";
import { html } from "../ui.js";
import { DeviceWords } from "./words.js";

const p = await pageTexts("devices");

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

/** Props: layout, live, quality (the API's answer), nowMs, zone, href (of the alerts). */
export function Calibration({ layout, live, quality, nowMs, zone, href }) {
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
        { id: "cause", label: p.columns.reason, value: (row) => row.reason ?? row.cause, cell: (row) => html`<${DeviceWords} text=${row.reason} cause=${row.cause} />` },
        { id: "from", label: p.columns.from, value: (row) => row.from, cell: (row) => dayTimeText(Date.parse(row.from), nowMs, zone) },
        { id: "to", label: p.columns.to, value: (row) => row.to, cell: (row) => dayTimeText(Date.parse(row.to), nowMs, zone) },
      ]}
      sortedBy="-from"
      empty=${html`<p class="hint">${p.noFaults}</p>`}
    />
  <//>`;
}
