// A day replayed: a slider over its minutes, and the page as it was then. The address names the moment, so a link shows it again.
import { api } from "../api.js";
import { dateText, dayKey, dayTimeText, durationText, numberText, parseInstant, timeText, zonesDiffer } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Asked } from "../parts/asked.js";
import { Card, Empty } from "../parts/card.js";
import { Loading, Problem } from "../parts/notice.js";
import { loadStyle } from "../parts/style.js";
import { alertItem, placesNeedingAction } from "../state.js";
import { classes, Component, html, Pure } from "../ui.js";
import { Floor } from "../views/floor.js";
import { KeyFigures } from "../views/figures.js";
import { Queues } from "../views/lists.js";
import { Shelves } from "../views/shelves.js";
import { liveAt, MINUTE_MS, minuteOf, prepareDay, standingAt } from "./past.js";
import { Player } from "./player.js";

const r = await pageTexts("replay");
await loadStyle("replay");

const ADDRESS_REST_MS = 1_000;
const HEAT_STEP_MIN = 15;
const MAX_HEATS = 120;

const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const minuteText = (ms) => new Date(ms).toISOString().replace(":00.000Z", "Z");

function PastAlerts({ day, minute, zone, onGo, onShow }) {
  const standing = standingAt(day, minute);
  const atMs = day.fromMs + minute * MINUTE_MS;
  const row = (alert) => {
    const item = alertItem(alert);
    const took = alert.endedMs === null ? null : durationText((alert.endedMs - alert.openedMs) / 1000);
    return html`<li key=${alert.alert_id} class=${`past-alert severity-${alert.severity}`} data-alert=${alert.alert_id}>
      <p class="past-title">${alert.title}</p>
      <p class="hint">
        ${took === null
          ? r.openedAt(dayTimeText(alert.openedMs, atMs, zone))
          : r.openedTo(dayTimeText(alert.openedMs, atMs, zone), dayTimeText(alert.endedMs, atMs, zone), took)}
      </p>
      <div class="past-actions">
        <button class="quiet" aria-label=${r.goToOf(alert.title)} onClick=${() => onGo(alert.openedMs)}>${r.goTo}</button>
        ${item && html`<button class="quiet" aria-label=${t.alerts.showOnPlanOf(alert.title)} onClick=${() => onShow(item)}>${t.alerts.showOnPlan}</button>`}
      </div>
    </li>`;
  };
  return html`<${Card} id="alerts" icon="bell" title=${r.alertsAt(timeText(atMs, zone))} aside=${standing.length > 0 && html`<span class="count">${numberText(standing.length)}</span>`}>
    ${standing.length === 0 && html`<p class="hint">${r.noAlert}</p>`}
    <ul class="past-alerts">${standing.slice(0, 50).map(row)}</ul>
    ${day.alerts.length > 0 &&
    html`<details>
      <summary>${r.alertsOfDay(day.alerts.length)}</summary>
      <ul class="past-alerts">${day.alerts.slice(0, 100).map(row)}</ul>
    </details>`}
  <//>`;
}

/** The heat of the hour before a moment, asked for in steps, and kept. */
class HeatOfHour {
  #kept = new Map();

  constructor(storeId) {
    this.storeId = storeId;
  }

  /** The answer for the step that `ms` lies in: from memory, or by `onAnswer()` a little later. */
  get(ms, onAnswer) {
    const toMs = Math.floor(ms / (HEAT_STEP_MIN * MINUTE_MS)) * HEAT_STEP_MIN * MINUTE_MS;
    const known = this.#kept.get(toMs);
    if (known) return known;
    const entry = { grid: null, error: null, toMs };
    this.#kept.set(toMs, entry);
    if (this.#kept.size > MAX_HEATS) this.#kept.delete(this.#kept.keys().next().value);
    const span = { from: minuteText(toMs - 3_600_000), to: minuteText(toMs) };
    api.get(this.storeId, "/heatmap", { params: span }).then(
      (grid) => onAnswer(Object.assign(entry, { grid })),
      (error) => {
        this.#kept.delete(toMs);
        onAnswer(Object.assign(entry, { error }));
      },
    );
    return entry;
  }
}

/** Props: day (prepared), layout, nowMs, params, item, heatOn, storeId, wide, actions. */
class DayView extends Component {
  constructor(props) {
    super(props);
    this.heats = new HeatOfHour(props.storeId);
    this.state = { minute: minuteOf(props.day, parseInstant(props.params.at) ?? props.day.fromMs), heat: { grid: null, error: null } };
    this.saidAt = props.params.at;
  }

  componentDidMount() {
    this.#heat();
  }

  componentDidUpdate(previous, before) {
    const { params, day, heatOn } = this.props;
    // The address was changed from outside: another link, or the back button.
    if (params.at !== previous.params.at && params.at !== this.saidAt) this.#go(minuteOf(day, parseInstant(params.at) ?? day.fromMs));
    if (this.state.minute !== before.minute || heatOn !== previous.heatOn) this.#heat();
  }

  componentWillUnmount() {
    clearTimeout(this.addressTimer);
    this.isGone = true;
  }

  #heat() {
    if (!this.props.heatOn) return;
    const entry = this.heats.get(this.#ms() + MINUTE_MS, (answer) => {
      if (!this.isGone && this.wanted === answer.toMs) this.setState({ ...this.state, heat: { ...answer } });
    });
    this.wanted = entry.toMs;
    // What was drawn stays until the next is here, so that nothing flickers while the day plays.
    if (entry.grid && this.state.heat.grid !== entry.grid) this.setState({ ...this.state, heat: { ...entry } });
  }

  #ms = () => this.props.day.fromMs + this.state.minute * MINUTE_MS;

  #go(minute) {
    if (minute !== this.state.minute) this.setState({ ...this.state, minute });
  }

  onMinute = (minute) => {
    this.#go(minute);
    if (!this.addressTimer) this.addressTimer = setTimeout(this.onAddress, ADDRESS_REST_MS);
  };

  /** The address follows, though not every frame. */
  onAddress = () => {
    this.addressTimer = null;
    this.saidAt = minuteText(this.#ms());
    if (!this.isGone) this.props.actions.setParams({ ...this.props.params, at: this.saidAt });
  };

  onGo = (ms) => this.onMinute(minuteOf(this.props.day, ms));

  onShow = (item) => {
    this.props.actions.select(item);
    document.querySelector(".plan")?.scrollIntoView({ block: "nearest" });
  };

  render({ day, layout, item, heatOn, wide, nowMs, actions }, { minute, heat }) {
    const zone = layout.time_zone;
    const live = liveAt(day, minute);
    const atMs = this.#ms() + MINUTE_MS - 1;
    const needing = placesNeedingAction(live.alerts);
    const hour = day.hours.findLast(({ atMs: from }) => from <= this.#ms());
    const share = hour?.share ?? null;
    const quality = {
      id: "quality",
      label: r.data,
      value: share === null ? t.unknown : `${numberText(Math.floor(share * 100))} %`,
      note: share === null ? r.nothingExpected : share < 0.95 ? r.hourHasGaps : r.hourIsWhole,
      tone: share !== null && share < 0.95 ? "gap" : null,
    };
    const shared = { layout, live, atMs };
    const differs = browserZone && zonesDiffer(zone, browserZone, this.#ms());
    const moment = html`<div class="moment">
      <p class="moment-time"><time dateTime=${minuteText(this.#ms())}>${timeText(this.#ms(), zone)}</time></p>
      <p class="moment-day">${dateText(this.#ms(), zone)}${differs && html`<span class="hint"> · ${t.header.yourTime(dayTimeText(this.#ms(), nowMs, browserZone))}</span>`}</p>
    </div>`;
    const player = html`<${Player} key="player" day=${day} layout=${layout} minute=${minute} nowMs=${nowMs} moment=${moment} onMinute=${this.onMinute} onDate=${this.props.onDate} onEnd=${this.props.onEnd} />`;
    const figures = html`<${KeyFigures} key="figures" ...${shared} needing=${needing} last=${quality} labels=${r.figures} />`;
    const alerts = html`<${PastAlerts} key="alerts" day=${day} minute=${minute} zone=${zone} onGo=${this.onGo} onShow=${this.onShow} />`;
    const floor = html`<${Floor} key="floor" ...${shared} item=${item} needing=${needing} heatOn=${heatOn} heat=${heat} actions=${actions} title=${r.floorAt(timeText(this.#ms(), zone))} />`;
    const lists = html`<${Queues} key="queues" ...${shared} needing=${needing} selected=${item} onShow=${this.onShow} />
      <${Shelves} key="shelves" ...${shared} selected=${item} onShow=${this.onShow} />`;
    return wide
      ? html`${player}${figures}<div class="side">${alerts}${lists}</div><div class="middle">${floor}</div>`
      : html`${player}${figures}${floor}${alerts}${lists}`;
  }
}

/** Props: layout, storeId, params, item, heatOn, nowMs, wide, actions. */
export class Replay extends Pure {
  onDate = (date, ms) => {
    this.props.actions.setParams({ ...this.props.params, at: minuteText(ms) });
  };

  onEnd = () => {
    const { at: _at, ...params } = this.props.params;
    this.props.actions.open({ params });
  };

  ask = async (signal) => {
    const date = dayKey(this.#ms(), this.props.layout.time_zone);
    return prepareDay(await api.get(this.props.storeId, "/day", { params: { date }, signal }));
  };

  /** The moment that the address names; one that makes no sense, or is yet to come, is the present. */
  #ms() {
    const { params, nowMs } = this.props;
    const ms = parseInstant(params.at);
    return ms === null || ms > nowMs ? nowMs - MINUTE_MS : ms;
  }

  render(props) {
    const date = dayKey(this.#ms(), props.layout.time_zone);
    const params = { ...props.params, at: minuteText(Math.floor(this.#ms() / MINUTE_MS) * MINUTE_MS) };
    return html`<${Asked} what=${`${props.storeId} ${date}`} ask=${this.ask} everyMs=${0}>
      ${({ data, problem, reload }) => {
        if (!data || data.date !== date) return problem ? html`<${Problem} message=${problem.message} onRetry=${reload} />` : html`<${Loading} />`;
        if (!data.minutes)
          return html`<${Empty} icon="note" title=${r.notYet} help=${r.notYetHelp} /><button class=${classes("primary")} onClick=${this.onEnd}>${r.backToNow}</button>`;
        return html`<${DayView} key=${`${props.storeId} ${date}`} ...${props} params=${props.params.at ? params : props.params} day=${data} onDate=${this.onDate} onEnd=${this.onEnd} />`;
      }}
    <//>`;
  }
}
