// Every alert that there was, newest first, page by page, with how soon it was answered and ended.
import { dayTimeText, durationText, parseInstant } from "../../format.js";
import { pageTexts, t } from "../../i18n/index.js";
import { Card, Empty } from "../../parts/card.js";
import { Table } from "../../parts/table.js";
import { endedAt } from "../../state.js";
import { html, Pure } from "../../ui.js";
import { Filter } from "../../parts/filter.js";

const p = await pageTexts("alerts");
const STATES = ["open", "acknowledged", "in_hand", "resolved", "dismissed"];

const secondsUntil = (alert, text) => {
  const [from, to] = [parseInstant(alert.opened_at), parseInstant(text)];
  return from === null || to === null ? null : Math.max(0, (to - from) / 1000);
};
const shown = (seconds) => (seconds === null ? t.unknown : durationText(seconds));
const who = (alert) => alert.resolved_by ?? alert.dismissed_by ?? alert.taken_by ?? alert.acknowledged_by ?? null;

/** Props: page ({alerts, next}), layout, nowMs, params, setParam, setParams, onOpen. */
export class History extends Pure {
  columns() {
    const { layout, nowMs, onOpen } = this.props;
    const zone = layout.time_zone;
    const section = (alert) => layout.sections.find(({ id }) => id === alert.section_id)?.name ?? alert.section_id;
    const c = p.history.columns;
    return [
      {
        id: "alert", label: c.alert, value: (alert) => alert.title, isHead: true,
        cell: (alert) => html`<button class="quiet as-link" onClick=${() => onOpen(alert)}>${alert.title}</button>`,
      },
      { id: "opened", label: c.opened, value: (alert) => alert.opened_at,
        cell: (alert) => dayTimeText(parseInstant(alert.opened_at) ?? nowMs, nowMs, zone) },
      { id: "section", label: c.section, value: section },
      { id: "severity", label: c.severity, value: (alert) => p.severity[alert.severity] ?? alert.severity },
      { id: "state", label: c.state, value: (alert) => p.states[alert.state] ?? alert.state },
      { id: "who", label: c.who, value: who },
      { id: "answered", label: c.answered, isNumber: true, value: (alert) => secondsUntil(alert, alert.acknowledged_at),
        cell: (alert) => shown(secondsUntil(alert, alert.acknowledged_at)) },
      { id: "ended", label: c.ended, isNumber: true, value: (alert) => secondsUntil(alert, endedAt(alert)),
        cell: (alert) => shown(secondsUntil(alert, endedAt(alert))) },
    ];
  }

  render({ page, params, setParams }) {
    const empty = html`<${Empty} icon="bell" title=${p.history.none} help=${p.history.noneHelp} />`;
    return html`<${Card} id="history" icon="bell" title=${p.history.title}>
      <div class="filters">
        <${Filter} label=${p.filter.state} value=${params.state} onChange=${(state) => setParams({ state, after: "" })}
          values=${[["", p.filter.allStates], ...STATES.map((state) => [state, p.states[state]])]} />
      </div>
      <${Table} title=${p.history.title} rows=${page.alerts} keyOf=${(alert) => alert.alert_id} columns=${this.columns()} empty=${empty} />
      <div class="pager">
        ${params.after && html`<button class="quiet" onClick=${() => setParams({ after: "" })}>${p.history.newest}</button>`}
        ${page.next && html`<button class="plain" onClick=${() => setParams({ after: page.next })}>${p.history.older}</button>`}
      </div>
    <//>`;
  }
}
