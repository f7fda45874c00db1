// The inbox: what is to do, by urgency, and for each alert the next thing to do about it as a button.
import { choices, inbox, isMine } from "../../alerts/work.js";
import { deviceFigures } from "../../figures.js";
import { agoText, dayTimeText, parseInstant } from "../../format.js";
import { pageTexts } from "../../i18n/index.js";
import { Icon } from "../../icons.js";
import { Card, Empty } from "../../parts/card.js";
import { Filter } from "../../parts/filter.js";
import { Menu } from "../../parts/menu.js";
import { alertItem } from "../../state.js";
import { t } from "../../i18n/index.js";
import { classes, html, Pure } from "../../ui.js";

const p = await pageTexts("alerts");
const ICONS = { info: "note", warning: "warning", critical: "urgent" };
const MAX_SHOWN = 100;
const BUTTONS = 2;

/** The word on the button of an action. */
export const actionLabel = (name, alert) =>
  name === "take" && alert.state === "in_hand" ? p.actions.takeover : p.actions[name];

function Badge({ severity }) {
  return html`<span class="badge"><${Icon} name=${ICONS[severity]} size=${16} />${p.severity[severity]}</span>`;
}

const known = (severity) => (p.severity[severity] ? severity : "warning");

function Standing({ alert, userName, nowMs, zone }) {
  const at = (text) => dayTimeText(parseInstant(text) ?? nowMs, nowMs, zone);
  const lines = [];
  if (isMine(alert, userName)) lines.push(["check", p.inbox.mine]);
  else if (alert.state === "in_hand") lines.push(["check", p.inbox.others(alert.taken_by ?? t.unknown, at(alert.taken_at))]);
  else if (alert.state === "acknowledged")
    lines.push(["check", p.inbox.acknowledged(alert.acknowledged_by ?? t.unknown, at(alert.acknowledged_at))]);
  if (alert.escalated_to) lines.push(["bell", p.inbox.escalated(alert.escalated_to)]);
  else if (alert.reminder_count > 0) lines.push(["bell", p.inbox.reminded(alert.reminder_count)]);
  if (alert.is_blind) lines.push(["warning", p.inbox.isBlind]);
  if (alert.is_late) lines.push(["note", p.inbox.isLate]);
  if (!lines.length) return null;
  return html`<ul class="standing">
    ${lines.map(([icon, text]) => html`<li key=${text}><${Icon} name=${icon} size=${16} />${text}</li>`)}
  </ul>`;
}

/** Props: alert, user, section (a name), nowMs, zone, pending (name of an action under way), failure, onAct, onOpen, onShow. */
export class AlertCard extends Pure {
  render({ alert, user, section, nowMs, zone, pending, failure, onAct, onOpen, onShow }) {
    const severity = known(alert.severity);
    const openedMs = parseInstant(alert.opened_at) ?? nowMs;
    const names = choices(alert, user);
    const [first, rest] = [names.slice(0, BUTTONS), names.slice(BUTTONS)];
    const button = (name, className) => {
      const label = actionLabel(name, alert);
      return html`<button
        key=${name}
        class=${className}
        aria-label=${p.actions.of(label, alert.title)}
        aria-disabled=${pending ? "true" : undefined}
        onClick=${() => !pending && onAct(alert, name)}
      >
        ${pending === name ? p.actions.pending : label}
      </button>`;
    };
    const mine = isMine(alert, user.user_name);
    return html`<li class=${classes("alert", `severity-${severity}`, `state-${alert.state}`)} data-alert=${alert.alert_id}>
      <div class="alert-head">
        <${Badge} severity=${severity} />
        ${section && html`<span class="alert-section">${section}</span>`}
        <time dateTime=${alert.opened_at}>${t.alerts.opened(agoText(openedMs, nowMs), dayTimeText(openedMs, nowMs, zone))}</time>
      </div>
      <h3>${alert.action}</h3>
      <p class="alert-title">${alert.title}</p>
      <${Standing} alert=${alert} userName=${user.user_name} nowMs=${nowMs} zone=${zone} />
      ${mine && !names.includes("resolve") && html`<p class="hint">${p.inbox.byProof}</p>`}
      <div class="alert-foot">
        ${first.map((name, at) => button(name, at === 0 && !mine ? "primary" : at === 0 && name === "resolve" ? "primary" : "plain"))}
        ${rest.length > 0 &&
        html`<${Menu} label=${p.actions.of(p.actions.more, alert.title)} icon="more">${rest.map((name) => button(name, "quiet wide"))}<//>`}
        <span class="spread"></span>
        ${onShow &&
        html`<button class="quiet" aria-label=${t.alerts.showOnPlanOf(alert.title)} onClick=${onShow}>
          <${Icon} name="pin" size=${18} />${t.alerts.showOnPlan}
        </button>`}
        <button class="quiet" aria-label=${p.inbox.detailsOf(alert.title)} onClick=${() => onOpen(alert)}>${p.inbox.details}</button>
      </div>
      <div role="alert">${failure && html`<p class="problem">${p.actions.failed(failure)}</p>`}</div>
    </li>`;
  }
}

function nothing(live, isFiltered) {
  const { total, online } = deviceFigures(live);
  if (total > 0 && online === 0) return html`<${Empty} icon="warning" title=${p.inbox.blind} help=${p.inbox.blindHelp} />`;
  if (isFiltered) return html`<${Empty} icon="search" title=${p.inbox.noneFiltered} help=${p.inbox.noneFilteredHelp} />`;
  return html`<${Empty} icon="check" title=${p.inbox.none} help=${p.inbox.noneHelp} />`;
}

/** Props: alerts, live, layout, user, nowMs, params, setParam(name, value), doing, failures, onAct, onOpen, actions. */
export class Inbox extends Pure {
  render({ alerts, live, layout, user, nowMs, params, setParam, doing, failures, onAct, onOpen, actions }) {
    const { section, severity, who } = params;
    const lists = inbox(alerts, { userName: user.user_name, nowMs, section, severity, who });
    const names = new Map(layout.sections.map(({ id, name }) => [id, name]));
    const card = (alert) => {
      const item = alertItem(alert);
      return html`<${AlertCard}
        key=${alert.alert_id}
        alert=${alert}
        user=${user}
        section=${names.get(alert.section_id)}
        nowMs=${nowMs}
        zone=${layout.time_zone}
        pending=${doing[alert.alert_id]}
        failure=${failures[alert.alert_id]}
        onAct=${onAct}
        onOpen=${onOpen}
        onShow=${item && (() => actions.showOnPlan(item))}
      />`;
    };
    const time = (text) => dayTimeText(parseInstant(text) ?? nowMs, nowMs, layout.time_zone);
    const folded = (list, title) =>
      list.length > 0 &&
      html`<details class="folded">
        <summary>${title}</summary>
        <ul class="alert-list">${list.slice(0, MAX_SHOWN).map(card)}</ul>
      </details>`;
    return html`<${Card} id="inbox" icon="bell" title=${p.tabs.inbox} className="inbox-card"
      aside=${lists.now.length > 0 && html`<span class="count">${lists.now.length}</span>`}>
      <div class="filters">
        <${Filter} label=${p.filter.section} value=${section} onChange=${(value) => setParam("section", value)}
          values=${[["", p.filter.allSections], ...names]} />
        <${Filter} label=${p.filter.severity} value=${severity} onChange=${(value) => setParam("severity", value)}
          values=${[["", p.filter.allSeverities], ...["critical", "warning", "info"].map((name) => [name, p.severity[name]])]} />
        <${Filter} label=${p.filter.who} value=${who} onChange=${(value) => setParam("who", value)}
          values=${[["", p.filter.whos.all], ["mine", p.filter.whos.mine], ["nobody", p.filter.whos.nobody]]} />
      </div>
      ${lists.now.length === 0 && nothing(live, Boolean(section || severity || who))}
      <ul class="alert-list inbox-list">${lists.now.slice(0, MAX_SHOWN).map(card)}</ul>
      ${lists.now.length > MAX_SHOWN && html`<p class="hint">${t.alerts.more(lists.now.length - MAX_SHOWN)}</p>`}
      ${folded(lists.snoozed, p.inbox.snoozed(lists.snoozed.length))}
      ${lists.snoozed.length > 0 &&
      html`<ul class="hint">${lists.snoozed.slice(0, MAX_SHOWN).map((alert) => html`<li key=${alert.alert_id}>${alert.title}: ${p.inbox.snoozedUntil(time(alert.snoozed_until), alert.snoozed_by ?? t.unknown, alert.snooze_reason ?? t.unknown)}</li>`)}</ul>`}
      ${folded(lists.silenced, p.inbox.silenced(lists.silenced.length))}
    <//>`;
  }
}
