// One alert whole: what was measured, everything that happened to it, and the proof that ended it.
import { dayTimeText, durationText, numberText, parseInstant } from "../../format.js";
import { pageTexts, t } from "../../i18n/index.js";
import { Icon } from "../../icons.js";
import { Dialog } from "../../parts/dialog.js";
import { Loading, Problem } from "../../parts/notice.js";
import { endedAt, isOver } from "../../state.js";
import { classes, html } from "../../ui.js";
import { proofText } from "../../views/alerts.js";

const p = await pageTexts("alerts");
const ENGINE = "alert engine";
const ICONS = {
  opened: "bell", resolved: "check", taken: "people", acknowledged: "check", dismissed: "close", noted: "note",
  escalated: "urgent", worsened: "urgent", reminded: "bell",
};

/** A value of an alert's details or proof as text; what is no plain value is left out. */
function valueText(key, value, nowMs, zone) {
  if (typeof value === "number") {
    if (key.endsWith("_s")) return durationText(value);
    return numberText(value, Number.isInteger(value) ? 0 : 2);
  }
  if (typeof value === "string") {
    const ms = key.endsWith("_at") || key === "until" ? parseInstant(value) : null;
    if (ms !== null) return dayTimeText(ms, nowMs, zone);
    return value;
  }
  if (typeof value === "boolean") return value ? "✓" : "–";
  return null;
}

const nameOf = (key) => key.replaceAll("_", " ");

/** Plain values by name. */
export function Values({ values, nowMs, zone, without = [] }) {
  const shown = Object.entries(values ?? {})
    .filter(([key]) => !without.includes(key))
    .map(([key, value]) => [key, valueText(key, value, nowMs, zone)])
    .filter(([, text]) => text !== null && text !== "");
  if (!shown.length) return null;
  return html`<dl class="values">
    ${shown.map(([key, text]) => html`<div key=${key}><dt>${nameOf(key)}</dt><dd>${text}</dd></div>`)}
  </dl>`;
}

function eventText(event) {
  const { details, kind } = event;
  if (kind === "dismissed" && details?.reason)
    return [p.dismiss.reasons[details.reason] ?? details.reason, details.note].filter(Boolean).join(": ");
  return details?.note ?? details?.reason ?? null;
}

function Event({ event, nowMs, zone }) {
  const said = eventText(event);
  const isEngine = !event.actor || event.actor === ENGINE;
  return html`<li class=${classes("event", isEngine && "is-engine")}>
    <${Icon} name=${ICONS[event.kind] ?? "note"} size=${18} />
    <div>
      <p>
        <strong>${p.timeline.events[event.kind] ?? nameOf(event.kind)}</strong>${" "}
        <span class="hint">${p.timeline.by(isEngine ? p.timeline.engine : event.actor)}</span>
      </p>
      ${said && html`<p class="event-said">${said}</p>`}
      ${event.details && html`<${Values} values=${event.details} nowMs=${nowMs} zone=${zone} without=${["note", "reason"]} />`}
    </div>
    <time dateTime=${event.happened_at}>${dayTimeText(parseInstant(event.happened_at) ?? nowMs, nowMs, zone)}</time>
  </li>`;
}

function Proof({ alert, nowMs, zone }) {
  if (!isOver(alert)) return null;
  return html`<section class="proof">
    <h3>${p.timeline.proof}</h3>
    ${alert.proof
      ? html`<p class="proof-text"><${Icon} name="check" />${proofText(alert)}</p>
          <${Values} values=${alert.proof} nowMs=${nowMs} zone=${zone} />`
      : html`<p class="hint">${p.timeline.noProof}</p>`}
  </section>`;
}

/** Props: detail (an alert with `events`; null while it loads), problem, sections, nowMs, zone, buttons, onClose, onRetry. */
export function AlertDialog({ detail, problem, sections, nowMs, zone, buttons, onClose, onRetry }) {
  if (!detail)
    return html`<${Dialog} title=${p.inbox.details} onClose=${onClose}>
      ${problem ? html`<${Problem} message=${problem.message} onRetry=${onRetry} />` : html`<${Loading} />`}
    <//>`;
  const endMs = parseInstant(endedAt(detail)) ?? nowMs;
  const openedMs = parseInstant(detail.opened_at) ?? nowMs;
  const section = sections.find(({ id }) => id === detail.section_id)?.name ?? detail.section_id;
  const fact = (name, text) => text && html`<div><dt>${name}</dt><dd>${text}</dd></div>`;
  return html`<${Dialog} title=${detail.title} onClose=${onClose} actions=${buttons}>
    <div class="alert-detail" data-detail=${detail.alert_id}>
      <p class="detail-action">${detail.action}</p>
      <dl class="values">
        ${fact(p.filter.state, p.states[detail.state])}${fact(p.filter.severity, p.severity[detail.severity])}
        ${fact(p.filter.section, section)}${fact(p.timeline.rule, `${p.kinds[detail.kind] ?? detail.kind} (${detail.rule_id})`)}
        ${fact(p.timeline.cause, dayTimeText(parseInstant(detail.cause_at) ?? openedMs, nowMs, zone))}
        ${fact(p.timeline.lasted, durationText((endMs - openedMs) / 1000))}
      </dl>
      <${Proof} alert=${detail} nowMs=${nowMs} zone=${zone} />
      <section>
        <h3>${p.timeline.title}</h3>
        <ol class="timeline">
          ${detail.events.map((event) => html`<${Event} key=${event.event_id} event=${event} nowMs=${nowMs} zone=${zone} />`)}
        </ol>
      </section>
      <section>
        <h3>${p.timeline.details}</h3>
        <${Values} values=${detail.details} nowMs=${nowMs} zone=${zone} />
      </section>
      <p class="hint">${p.timeline.copyLink}</p>
    </div>
  <//>`;
}
