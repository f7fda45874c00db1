// Alerts: what is to do, what was done with its proof, the rules, and how good they are.
import { calls } from "../alerts/calls.js";
import { DIALOGS } from "../alerts/dialogs.js";
import { pageTexts, t } from "../i18n/index.js";
import { Asked } from "../parts/asked.js";
import { Loading, Problem } from "../parts/notice.js";
import { spanOf } from "../parts/period.js";
import { isOver } from "../state.js";
import { html, Pure } from "../ui.js";
import { AlertDialog } from "./alerts/detail.js";
import { History } from "./alerts/history.js";
import { actionLabel, Inbox } from "./alerts/inbox.js";
import { Report } from "./alerts/report.js";
import { Rules } from "./alerts/rules.js";

const p = await pageTexts("alerts");
const TABS = ["inbox", "history", "rules", "report"];
const PAGE = 50;
const REFRESH_MS = 30_000;

const tabOf = (params) => (TABS.includes(params.tab) ? params.tab : "inbox");
const isManager = (user) => user.role === "manager" || user.role === "admin";

export const title = () => t.nav.alerts;

/** The stream brings the inbox; the other views ask for what they show. */
export const refreshMs = 0;

/** Props: as every page's View. */
export class View extends Pure {
  state = { doing: {}, failures: {}, answers: {}, question: null, acted: 0 };

  setParams = (change) => {
    const params = { ...this.props.view.params, ...change };
    this.props.actions.open({ params });
  };

  setParam = (name, value) => this.setParams({ [name]: value });

  /** Change what is known of one alert's actions, and what else is given; from the newest state, whatever is not drawn yet. */
  #mark(alertId, change, others = {}) {
    this.setState((state) => {
      const next = { ...state, ...others };
      for (const [name, value] of Object.entries(change)) {
        next[name] = { ...next[name] };
        if (value === undefined) delete next[name][alertId];
        else next[name][alertId] = value;
      }
      return next;
    });
  }

  onAct = (alert, name) => {
    if (DIALOGS[name]) this.setState({ ...this.state, question: { alert, name } });
    else this.#send(alert, name, name === "take" && alert.state === "in_hand" ? { is_takeover: true } : {});
  };

  #send = async (alert, name, body) => {
    const { view, live } = this.props;
    const id = alert.alert_id;
    if (this.state.doing[id]) return;
    this.#mark(id, { doing: name, failures: undefined });
    try {
      const after = await calls.act(view.storeId, id, name, body);
      // It stands until the stream tells of the alert itself.
      this.#mark(id, { doing: undefined, answers: { before: live.alerts[id], after } }, { question: null, acted: this.state.acted + 1 });
    } catch (error) {
      if (error.status === undefined) throw error;
      this.#mark(id, { doing: undefined, failures: error.message });
    }
  };

  /** The alerts that stand, with what was answered to actions whose event has not come yet. */
  #alerts() {
    const { alerts } = this.props.live;
    const waiting = Object.entries(this.state.answers).filter(([id, { before }]) => alerts[id] === before);
    if (!waiting.length) return alerts;
    return { ...alerts, ...Object.fromEntries(waiting.map(([id, { after }]) => [id, after])) };
  }

  #dialog(user) {
    const { view } = this.props;
    const id = view.params.alert;
    if (this.state.question || !id) return null;
    // Asked anew when the stream tells that it changed.
    const known = this.props.live.alerts[id];
    const what = JSON.stringify([view.storeId, id, known?.state, known?.snoozed_until, known?.taken_by, this.state.acted]);
    return html`<${Asked} what=${what} ask=${(signal) => calls.alert(view.storeId, id, signal)}>
      ${({ data, problem, reload }) => this.#whole(user, data, problem, reload)}
    <//>`;
  }

  #whole(user, detail, problem, reload) {
    const { layout, nowMs, zone } = this.props;
    const { failures, doing } = this.state;
    const names = user.role === "viewer" ? [] : (detail?.allowed ?? []);
    const buttons = detail && html`<div role="alert">${failures[detail.alert_id] && html`<p class="problem">${p.actions.failed(failures[detail.alert_id])}</p>`}</div>
      ${names.map((name, at) => html`<button key=${name} class=${at === 0 && !isOver(detail) ? "primary" : "plain"}
        aria-disabled=${doing[detail.alert_id] ? "true" : undefined} onClick=${() => this.onAct(detail, name)}>${actionLabel(name, detail)}</button>`)}`;
    return html`<${AlertDialog} detail=${detail} problem=${problem} sections=${layout.sections} nowMs=${nowMs} zone=${zone}
      buttons=${buttons} onClose=${() => this.setParam("alert", "")} onRetry=${reload} />`;
  }

  #question() {
    const { question, doing, failures } = this.state;
    if (!question) return null;
    const { alert, name } = question;
    return html`<${DIALOGS[name]} key=${name} alert=${alert} nowMs=${this.props.nowMs} pending=${Boolean(doing[alert.alert_id])} failure=${failures[alert.alert_id]}
      onClose=${() => this.setState({ ...this.state, question: null })} onSend=${(body) => this.#send(alert, name, body)} />`;
  }

  /** What a view is made of, once it is there; `ask(signal)` of what `what` names. */
  #asked(what, ask, draw) {
    return html`<${Asked} key=${tabOf(this.props.view.params)} what=${JSON.stringify([this.props.view.storeId, ...what])} ask=${ask} everyMs=${REFRESH_MS}>
      ${({ data, problem, reload }) =>
        html`${problem && html`<${Problem} message=${problem.message} isSmall=${Boolean(data)} onRetry=${reload} />`}
        ${data ? draw(data, reload) : !problem && html`<${Loading} />`}`}
    <//>`;
  }

  #shown(tab, user) {
    const { state, view, layout, live, zone, nowMs, actions } = this.props;
    const { params, storeId } = view;
    const shared = { params, setParams: this.setParams, zone, nowMs, layout };
    const onOpen = (alert) => this.setParam("alert", String(alert.alert_id));
    if (tab === "history")
      return this.#asked(
        [params.state, params.after],
        (signal) => calls.alerts(storeId, { state: params.state, after: params.after, limit: PAGE }, signal),
        (page) => html`<${History} page=${page} ...${shared} onOpen=${onOpen} />`,
      );
    if (tab === "rules")
      return this.#asked(
        [],
        (signal) => calls.rules(storeId, signal),
        (rules, reload) => html`<${Rules} storeId=${storeId} rules=${rules} user=${user} ...${shared} onChanged=${reload} />`,
      );
    if (tab === "report")
      return this.#asked(
        [params.period, params.from, params.to],
        (signal) => {
          const { fromMs, toMs } = spanOf(params, zone, this.props.nowMs, "week");
          return calls.reportCard(storeId, { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }, signal);
        },
        (card) => html`<${Report} card=${card} ...${shared} />`,
      );
    if (!state.hasSnapshot) return html`<${Loading} />`;
    return html`<${Inbox} alerts=${this.#alerts()} live=${live} user=${user} ...${shared} setParam=${this.setParam}
      doing=${this.state.doing} failures=${this.state.failures} onAct=${this.onAct} onOpen=${onOpen} actions=${actions} />`;
  }

  render({ state, view, actions }) {
    const { user } = state.session;
    const tab = tabOf(view.params);
    const tabs = TABS.filter((name) => name !== "report" || isManager(user));
    return html`<nav class="tabs" aria-label=${p.tabsLabel}>
        ${tabs.map((name) => html`<button key=${name} aria-current=${name === tab ? "page" : undefined}
          onClick=${() => actions.open({ params: name === "inbox" ? {} : { tab: name } })}>${p.tabs[name]}</button>`)}
      </nav>
      ${this.#shown(tab, user)}${this.#dialog(user)}${this.#question()}`;
  }
}
