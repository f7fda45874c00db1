// The wall screen of the back office: what to do and the figures, to be read from the other side of the room. It keeps the
// screen awake where the browser lets it, hides pointer and controls while nobody touches them, and recovers by itself.
import { deviceFigures, entranceFigures, freshness, longestQueue, shelfList } from "../figures.js";
import { dateText, durationText, numberText, timeText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Asked } from "../parts/asked.js";
import { loadStyle } from "../parts/style.js";
import { sortAlerts } from "../state.js";
import { classes, Component, html } from "../ui.js";
import { adviceTexts, askAdvice } from "./advice.js";
import { FloorPlan } from "./plan.js";

const w = await pageTexts("wall");
await loadStyle("wall");

const IDLE_MS = 3_000;
const RELOAD_AFTER_MS = 60_000;
const LOOK_MS = 30_000;
const MAX_TASKS = 4;
export const TURNS = Object.freeze([0, 15, 30, 60]);
const PANELS = ["figures", "tasks", "plan"];

function queueFigure(layout, live, atMs) {
  const longest = longestQueue(layout, live, atMs);
  if (!longest) return { value: t.unknown, note: layout.queues.length ? t.figures.noQueueData : t.figures.noQueues, isGap: true };
  if (!longest.length) return { value: "0", note: t.figures.queueEmpty };
  return { value: numberText(longest.length), note: durationText(longest.waitS) };
}

function laneFigure(layout, live, atMs, staffing) {
  const texts = adviceTexts(staffing);
  if (texts) return { value: texts.open === texts.lanes ? numberText(texts.open) : `${texts.open}→${texts.lanes}`, note: texts.word, tone: texts.tone === "act" ? "act" : null };
  const known = layout.lanes.filter((lane) => freshness("lanes", live.lanes[lane.id], atMs).state === "fresh");
  if (!known.length) return { value: t.unknown, note: w.lanesUnknown, isGap: true };
  return { value: numberText(known.filter((lane) => live.lanes[lane.id].is_open).length), note: w.lanesOf(layout.lanes.length) };
}

function figuresOf({ layout, live, atMs }, staffing) {
  const entrance = entranceFigures(layout, live, atMs);
  const shelves = shelfList(layout, live, atMs);
  const devices = deviceFigures(live);
  const isSilent = entrance.silent.length > 0;
  return [
    { id: "occupancy", label: w.inStore, value: numberText(entrance.occupancy), note: w.visitors(numberText(entrance.visitors)), isGap: isSilent },
    { id: "queue", label: w.queue, ...queueFigure(layout, live, atMs) },
    ...(layout.lanes.length ? [{ id: "lanes", label: w.lanes, ...laneFigure(layout, live, atMs, staffing) }] : []),
    ...(layout.slots.length
      ? [{ id: "stock", label: w.restock, value: shelves.known ? numberText(shelves.needing) : t.unknown, note: t.figures.stockNote(layout.slots.length), tone: shelves.needing ? "act" : null, isGap: !shelves.known }]
      : []),
    ...(devices.offline.length ? [{ id: "devices", label: w.offline, value: numberText(devices.offline.length), note: t.figures.devicesTotal(devices.total), tone: "act" }] : []),
  ];
}

function Figures({ figures }) {
  return html`<dl class="wall-figures" data-panel="figures">
    ${figures.map(
      ({ id, label, value, note, tone, isGap }) => html`<div key=${id} class=${classes("wall-figure", tone && `tone-${tone}`, isGap && "is-gap")} data-figure=${id}>
        <dt>${label}</dt>
        <dd><span class="wall-value">${value}</span>${note && html`<span class="wall-note">${note}</span>`}</dd>
      </div>`,
    )}
  </dl>`;
}

function Tasks({ live, layout }) {
  const { todo, todoCount } = sortAlerts(live.alerts);
  const section = (id) => layout.sections.find((each) => each.id === id)?.name;
  return html`<section class="wall-tasks" data-panel="tasks" aria-label=${t.alerts.title}>
    ${todo.length === 0 && html`<p class="wall-calm"><${Icon} name="check" size=${48} />${w.nothingToDo}</p>`}
    <ul>
      ${todo.slice(0, MAX_TASKS).map(
        (alert) => html`<li key=${alert.alert_id} class=${classes("wall-task", `severity-${alert.severity}`)}>
          <p class="wall-action">${alert.action}</p>
          <p class="wall-note">${[section(alert.section_id), alert.state === "open" ? null : w.taken(alert.taken_by ?? alert.acknowledged_by ?? "")].filter(Boolean).join(" · ")}</p>
        </li>`,
      )}
    </ul>
    ${todoCount > MAX_TASKS && html`<p class="wall-note">${w.more(todoCount - MAX_TASKS)}</p>`}
  </section>`;
}

/** Props: layout, live, atMs, nowMs, needing, heat, storeId, params, connection, actions. */
export class Wall extends Component {
  state = { isIdle: false, isAwake: null, panel: 0 };

  componentDidMount() {
    document.documentElement.classList.add("has-wall");
    addEventListener("pointermove", this.onMove);
    addEventListener("keydown", this.onKeyDown);
    document.addEventListener("visibilitychange", this.onVisible);
    this.look = setInterval(this.onLook, LOOK_MS);
    this.onMove();
    this.#keepAwake();
    this.#turn();
  }

  componentDidUpdate(previous) {
    if (previous.params.turn !== this.props.params.turn) this.#turn();
    const { phase } = this.props.connection;
    if (phase !== previous.connection.phase) {
      if (phase !== "live") this.lostAtMs ??= performance.now();
      else this.#cameBack();
    }
  }

  componentWillUnmount() {
    document.documentElement.classList.remove("has-wall");
    removeEventListener("pointermove", this.onMove);
    removeEventListener("keydown", this.onKeyDown);
    document.removeEventListener("visibilitychange", this.onVisible);
    clearInterval(this.look);
    clearInterval(this.turning);
    clearTimeout(this.idle);
    this.isGone = true;
    this.lock?.release().catch(() => {});
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  }

  /** After a long absence the server may be another release: begin anew with its page. */
  #cameBack() {
    const lost = this.lostAtMs;
    this.lostAtMs = undefined;
    if (lost !== undefined && performance.now() - lost > RELOAD_AFTER_MS) location.reload();
  }

  /** Cut off for long though the server answers: whatever hangs here, the page begins anew. */
  onLook = async () => {
    if (this.lostAtMs === undefined || performance.now() - this.lostAtMs < 2 * RELOAD_AFTER_MS) return;
    try {
      const answer = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
      if (answer.ok && !this.isGone && this.lostAtMs !== undefined) location.reload();
    } catch {
      // Still away; the next look comes by itself.
    }
  };

  async #keepAwake() {
    if (document.hidden) return;
    let isAwake = false;
    try {
      this.lock = await navigator.wakeLock?.request("screen");
      isAwake = Boolean(this.lock);
    } catch {
      // Not allowed here (no power, no secure address): the device's own settings have to do it.
    }
    if (this.isGone) this.lock?.release().catch(() => {});
    else if (isAwake !== this.state.isAwake) this.setState({ ...this.state, isAwake });
  }

  /** A browser lets go of the lock when the page is hidden. */
  onVisible = () => this.#keepAwake();

  onMove = () => {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.setState({ ...this.state, isIdle: true }), IDLE_MS);
    if (this.state.isIdle) this.setState({ ...this.state, isIdle: false });
  };

  onKeyDown = (event) => {
    if (event.key === "Escape" && !document.fullscreenElement) this.onLeave();
    else this.onMove();
  };

  onLeave = () => this.props.actions.open({ params: {} });

  onFullScreen = () => {
    const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.();
    change?.catch(() => {});
  };

  #turnS() {
    const turn = Number(this.props.params.turn);
    return TURNS.includes(turn) ? turn : 0;
  }

  #turn() {
    clearInterval(this.turning);
    const turnS = this.#turnS();
    if (turnS) this.turning = setInterval(() => this.setState({ ...this.state, panel: (this.state.panel + 1) % PANELS.length }), turnS * 1000);
    else if (this.state.panel !== 0) this.setState({ ...this.state, panel: 0 });
  }

  onTurn = (event) => {
    const turn = event.target.value === "0" ? "" : event.target.value;
    this.props.actions.setParams({ ...this.props.params, turn });
  };

  ask = (signal) => askAdvice(this.props.storeId)(signal);

  #controls(isAwake) {
    return html`<div class="wall-controls">
      <label>${w.turn}
        <select value=${String(this.#turnS())} onChange=${this.onTurn}>
          ${TURNS.map((turn) => html`<option key=${turn} value=${String(turn)}>${turn ? w.everyS(turn) : w.never}</option>`)}
        </select>
      </label>
      <button class="quiet" onClick=${this.onFullScreen}><${Icon} name="enlarge" />${w.fullScreen}</button>
      <button class="quiet" onClick=${this.onLeave}><${Icon} name="close" />${w.leave}</button>
      ${isAwake === false && html`<p class="hint">${w.mayDarken}</p>`}
    </div>`;
  }

  render({ layout, live, atMs, nowMs, needing, heat, connection, storeId }, { isIdle, isAwake, panel }) {
    const zone = layout.time_zone;
    const isTurning = this.#turnS() > 0;
    const isLive = connection.phase === "live";
    const shown = (name) => !isTurning || PANELS[panel] === name;
    return html`<div class=${classes("wall-screen", isIdle && "is-idle", isTurning && "is-turning", !isLive && "is-cut-off")}>
      <header class="wall-head">
        <h1>${layout.name}</h1>
        <p class="wall-time"><time dateTime=${new Date(nowMs).toISOString()}>${timeText(nowMs, zone)}</time></p>
        <p class="wall-date">${dateText(nowMs, zone)}</p>
        ${!isLive &&
        html`<p class="wall-lost" role="status">${connection.lastMs === null ? t.connection.connecting : w.asOf(timeText(connection.lastMs, zone))}</p>`}
        ${this.#controls(isAwake)}
      </header>
      <div class="wall-panels">
        ${shown("figures") &&
        html`<${Asked} what=${storeId} ask=${this.ask} everyMs=${LOOK_MS}>
          ${({ data }) => html`<${Figures} figures=${figuresOf({ layout, live, atMs }, data)} />`}
        <//>`}
        ${shown("tasks") && html`<${Tasks} live=${live} layout=${layout} />`}
        ${shown("plan") &&
        html`<div class="wall-plan" data-panel="plan">
          <${FloorPlan} layout=${layout} live=${live} atMs=${atMs} item=${null} needing=${needing} isFitted=${true} heatGrid=${heat.grid} onSelect=${() => {}} />
        </div>`}
      </div>
    </div>`;
  }
}
