// The alert list: what to do now, who is on it, and what was done with its proof.
import { deviceFigures, freshness } from "../figures.js";
import { agoText, durationText, parseInstant, dayTimeText, weightText } from "../format.js";
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { alertItem, sortAlerts } from "../state.js";
import { classes, html, Pure } from "../ui.js";
import { Card, Empty } from "../parts/card.js";

const SEVERITY_ICONS = { info: "note", warning: "warning", critical: "urgent" };
const MAX_SHOWN = 50;
const DONE_SHOWN = 3;

/** The proof of a resolved alert in words. */
export function proofText(alert) {
  const { proof, kind } = alert;
  if (!proof) return t.alerts.noProof;
  if (kind === "queue_too_long" && proof.length != null) return t.alerts.proofQueue(proof.length);
  if (kind === "low_stock" && proof.units != null)
    return t.alerts.proofStock({
      units: proof.units,
      weight: proof.weight_g == null ? "" : weightText(proof.weight_g),
      missing: proof.outcome === "partial" ? proof.units_missing : 0,
      took: proof.time_to_shelf_s == null ? "" : durationText(proof.time_to_shelf_s),
    });
  if (kind === "data_lost") return t.alerts.proofKept;
  return t.alerts.proofOther;
}

function ackErrorText(error) {
  if (error.status === 0) return t.alerts.failedNetwork;
  if (error.status === 403) return t.alerts.forbidden;
  if (error.code === "alert_resolved") return t.alerts.over;
  return t.alerts.failed(error.message);
}

function Acknowledgement({ alert, ack, user, nowMs, zone, onAcknowledge }) {
  if (alert.state !== "open") {
    const [name, at] =
      alert.state === "in_hand" ? [alert.taken_by, alert.taken_at] : [alert.acknowledged_by, alert.acknowledged_at];
    const time = dayTimeText(parseInstant(at) ?? nowMs, nowMs, zone);
    const isYou = name === user.user_name;
    return html`<div class="taken">
      <p><${Icon} name="check" size=${18} />
      ${isYou ? t.alerts.acknowledgedByYou(time) : t.alerts.acknowledgedBy(name ?? t.unknown, time)}</p>
      ${isYou && html`<p class="hint">${t.alerts.closesByItself}</p>`}
    </div>`;
  }
  if (user.role === "viewer") return html`<p class="hint">${t.alerts.viewer}</p>`;
  return html`<button
    class="primary acknowledge"
    aria-label=${t.alerts.acknowledgeOf(alert.title)}
    aria-disabled=${ack?.pending ? "true" : undefined}
    onClick=${() => !ack?.pending && onAcknowledge(alert)}
  >
    ${ack?.pending ? t.alerts.pending : t.alerts.acknowledge}
  </button>`;
}

/**
 * What the cause is like at present, where that is not what the title says: a title tells a queue's peak, and counts as
 * the list of queues does. Null where they agree or nothing is known.
 */
function presentText(alert, live, atMs) {
  const { kind, subject_id: id, details } = alert;
  if (kind === "queue_too_long") {
    const reading = live.queues[id];
    if (freshness("queues", reading, atMs).state !== "fresh" || reading.length === details?.length) return null;
    return t.alerts.nowWaiting(reading.length);
  }
  // Of a plate's further product (`slot/sku`) the live units are not those of the slot.
  if (kind === "low_stock" && !id.includes("/")) {
    const reading = live.slots[id];
    if (freshness("slots", reading, atMs).state !== "fresh" || reading.units == null) return null;
    return reading.units === details?.units ? null : t.alerts.nowLeft(reading.units);
  }
  return null;
}

/** Where no device is online nothing can be noticed, and "nothing to do" would be a promise that nobody can keep. */
function nothingToDo(live) {
  const { total, online } = deviceFigures(live);
  if (total > 0 && online === 0)
    return html`<${Empty} icon="warning" title=${t.alerts.blind} help=${t.alerts.blindHelp} />`;
  return html`<${Empty} icon="check" title=${t.alerts.none} help=${t.alerts.noneHelp} />`;
}

class OpenAlert extends Pure {
  render({ alert, present, ack, user, section, nowMs, zone, selected, onAcknowledge, onShow }) {
    const openedMs = parseInstant(alert.opened_at) ?? nowMs;
    const severity = t.alerts.severity[alert.severity] ? alert.severity : "warning";
    return html`<li
      class=${classes("alert", `severity-${severity}`, `state-${alert.state}`, selected && "is-selected")}
      data-alert=${alert.alert_id}
    >
      <div class="alert-head">
        <span class="badge"><${Icon} name=${SEVERITY_ICONS[severity]} size=${16} />${t.alerts.severity[severity]}</span>
        ${section && html`<span class="alert-section">${section}</span>`}
        <time dateTime=${alert.opened_at}>${t.alerts.opened(agoText(openedMs, nowMs), dayTimeText(openedMs, nowMs, zone))}</time>
      </div>
      <h3>${alert.action}</h3>
      <p class="alert-title">${alert.title}${present && html`<span class="alert-now">${present}</span>`}</p>
      <div class="alert-foot">
        <${Acknowledgement} ...${{ alert, ack, user, nowMs, zone, onAcknowledge }} />
        ${onShow &&
        html`<button class="quiet" aria-label=${t.alerts.showOnPlanOf(alert.title)} onClick=${onShow}>
          <${Icon} name="pin" size=${18} />${t.alerts.showOnPlan}
        </button>`}
      </div>
      <div role="alert">
        ${ack?.error && html`<p class="problem"><${Icon} name="warning" size=${18} />${ackErrorText(ack.error)}</p>`}
      </div>
    </li>`;
  }
}

function DoneAlert({ alert, nowMs, zone }) {
  const resolvedMs = parseInstant(alert.resolved_at) ?? nowMs;
  const openedMs = parseInstant(alert.opened_at);
  const took = openedMs === null ? null : durationText((resolvedMs - openedMs) / 1000);
  return html`<li class="done" data-alert=${alert.alert_id}>
    <${Icon} name="check" />
    <div>
      <p class="done-title">${alert.title}</p>
      <p class="done-proof">
        <strong>${proofText(alert)}</strong>${" "}${alert.acknowledged_by ? t.alerts.thanks(alert.acknowledged_by) : ""}
      </p>
      <p class="done-time">${t.alerts.closedAt(dayTimeText(resolvedMs, nowMs, zone), took)}</p>
    </div>
  </li>`;
}

/** Props: layout, live, acks, user, nowMs, atMs, selected ({kind, id} or null), actions. */
export class Alerts extends Pure {
  render({ layout, live, acks, user, nowMs, atMs, selected, actions }) {
    const { todo, todoCount, done } = sortAlerts(live.alerts);
    const openCount = todo.filter((alert) => alert.state === "open").length;
    const zone = layout.time_zone;
    const sectionName = (id) => layout.sections.find((section) => section.id === id)?.name;
    const row = (alert) => {
      const item = alertItem(alert);
      return html`<${OpenAlert}
        key=${alert.alert_id}
        alert=${alert}
        present=${presentText(alert, live, atMs)}
        ack=${acks[alert.alert_id]}
        user=${user}
        nowMs=${nowMs}
        zone=${zone}
        section=${sectionName(alert.section_id)}
        selected=${Boolean(item && selected && item.kind === selected.kind && item.id === selected.id)}
        onAcknowledge=${actions.acknowledge}
        onShow=${item && (() => actions.showOnPlan(item))}
      />`;
    };
    const doneList = (list) =>
      html`<ul class="done-list">
        ${list.map((alert) => html`<${DoneAlert} key=${alert.alert_id} ...${{ alert, nowMs, zone }} />`)}
      </ul>`;
    return html`<${Card}
      id="alerts"
      icon="bell"
      title=${t.alerts.title}
      className="alerts-card"
      aside=${openCount > 0 && html`<span class="count">${t.alerts.open(openCount)}</span>`}
    >
      ${todo.length === 0 && nothingToDo(live)}
      <ul class="alert-list">
        ${todo.slice(0, MAX_SHOWN).map(row)}
      </ul>
      ${todoCount > MAX_SHOWN && html`<p class="hint">${t.alerts.more(todoCount - MAX_SHOWN)}</p>`}
      ${done.length > 0 &&
      html`<details class="done-box" open>
        <summary>${t.alerts.doneCount(done.length)}</summary>
        ${doneList(done.slice(0, DONE_SHOWN))}
        ${done.length > DONE_SHOWN &&
        html`<details class="done-more">
          <summary>${t.alerts.doneMore(done.length - DONE_SHOWN)}</summary>
          ${doneList(done.slice(DONE_SHOWN))}
        </details>`}
      </details>`}
    <//>`;
  }
}
