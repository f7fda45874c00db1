// What can be done with the floor plan: heat of any period, the difference of two, files of it, a day replayed, the wall screen.
import { api, request, storePath } from "../api.js";
import { dayKey, dayTimeText, durationText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { addDays, Period } from "../parts/period.js";
import { loadStyle } from "../parts/style.js";
import { classes, Component, html } from "../ui.js";
import { COMPARED, comparedSpan, HEAT_PERIODS, heatSpan, SHOWN } from "./heat_spans.js";
import { saveHeatCsv, savePlanPng } from "./plan_files.js";
import { changeGrid, difference, rateGrid, ratesOf, rateScaleS } from "./rates.js";

const h = await pageTexts("heat");
await loadStyle("heat");

const REFRESH_MS = 30_000;
const TIMEOUT_MS = 60_000;
const DEVICES_REST_MS = 300_000;

const instant = (ms) => new Date(Math.floor(ms / 1000) * 1000).toISOString();

/** Whether the address asks for anything but the last hour, which the page has without these tools. */
export const isAsked = (params) => Boolean((params.period && params.period !== "hour") || (params.vs && params.vs !== "none"));

function askHeat(storeId, { fromMs, toMs }, signal) {
  const asked = new URLSearchParams({ from: instant(fromMs), to: instant(Math.max(toMs, fromMs + 60_000)), watched: "true" });
  return request("GET", storePath(storeId, `/heatmap?${asked}`), undefined, { signal, timeoutMs: TIMEOUT_MS });
}

/** What is drawn of one or two answers, and what its legend says. */
export function heatView(params, heat, other) {
  const [rates, otherRates] = [ratesOf(heat), other && ratesOf(other)];
  const shown = other ? (SHOWN.includes(params.show) ? params.show : "change") : "this";
  if (shown === "change") {
    const found = difference(heat, other);
    return { kind: "change", grid: found.scaleS === null ? null : changeGrid(heat, found), scaleS: found.scaleS, rates, otherRates, changes: found.changes };
  }
  // Two periods are shown on one scale, so that their colours may be compared.
  const scaleS = otherRates ? rateScaleS(rates, otherRates) : rateScaleS(rates);
  const grid = scaleS === null ? null : rateGrid(heat, shown === "other" ? otherRates : rates, scaleS);
  return { kind: "rate", grid, scaleS, rates, otherRates };
}

/**
 * Props: layout, storeId, params, nowMs, isOn (whether heat is shown), heat (that of the last hour), actions, and
 * onHeat(view): null for the last hour, else `{grid, legend}`; onDevices(list).
 */
export class Tools extends Component {
  state = { view: null, heat: null, other: null, error: null };

  componentDidMount() {
    this.#ask();
    this.#askDevices();
  }

  /** Which device measures what changes seldom; that they cannot be told now takes nothing from the plan. */
  async #askDevices() {
    this.devicesTimer = setTimeout(() => this.#askDevices(), DEVICES_REST_MS);
    try {
      const { devices } = await api.devices(this.props.storeId);
      if (!this.isGone) this.props.onDevices(devices);
    } catch (error) {
      if (error.status === undefined) throw error;
    }
  }

  componentDidUpdate(previous) {
    const { params, storeId, isOn } = this.props;
    const asked = (of) => [of.period, of.from, of.to, of.vs, of.vs_from, of.vs_to].join();
    if (asked(params) !== asked(previous.params) || storeId !== previous.storeId || isOn !== previous.isOn) this.#ask();
    else if (params.show !== previous.params.show && this.state.heat) this.#show(this.state.heat, this.state.other);
  }

  componentWillUnmount() {
    this.isGone = true;
    clearTimeout(this.devicesTimer);
    this.abort?.abort();
    clearTimeout(this.timer);
  }

  #show(heat, other) {
    const view = heatView(this.props.params, heat, other);
    this.setState({ heat, other, view, error: null });
    this.props.onHeat({ grid: view.grid, legend: this.#legend(view) });
  }

  async #ask(isAgain = false) {
    this.abort?.abort();
    clearTimeout(this.timer);
    const { layout, storeId, params, isOn } = this.props;
    const nowMs = this.props.getNowMs();
    if (!isOn || !isAsked(params)) {
      this.setState({ heat: null, other: null, view: null, error: null });
      return this.props.onHeat(null);
    }
    const abort = (this.abort = new AbortController());
    if (!isAgain) this.props.onHeat({ grid: null, legend: html`<p class="heat-legend" role="status">${t.floor.heatLoading}</p>` });
    const span = heatSpan(params, layout.time_zone, nowMs);
    const compared = comparedSpan(params, span, layout.time_zone, nowMs);
    this.spans = { span, compared };
    try {
      const [heat, other] = await Promise.all([
        askHeat(storeId, span, abort.signal),
        compared ? askHeat(storeId, compared, abort.signal) : null,
      ]);
      if (!abort.signal.aborted) this.#show(heat, other);
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      if (error.status === undefined) throw error;
      this.setState({ ...this.state, error });
      this.props.onHeat({ grid: this.state.view?.grid ?? null, legend: this.#problem(error) });
    }
    if (span.isLive || this.state.error) this.timer = setTimeout(() => this.#again(), REFRESH_MS);
    return undefined;
  }

  #again() {
    if (document.hidden) this.timer = setTimeout(() => this.#again(), REFRESH_MS);
    else this.#ask(true);
  }

  #problem(error) {
    return html`<p class="heat-legend gap-text" role="status">${error.status >= 400 && error.status < 500 ? error.message : t.floor.heatFailed}</p>`;
  }

  #spanText({ fromMs, toMs }) {
    const zone = this.props.layout.time_zone;
    const nowMs = this.props.getNowMs();
    return h.span(dayTimeText(fromMs, nowMs, zone), dayTimeText(toMs, nowMs, zone));
  }

  #legend({ kind, scaleS, grid }) {
    const { span, compared } = this.spans;
    if (scaleS === null || !grid)
      return html`<p class="heat-legend">${compared ? h.nothingToCompare : t.floor.heatNone}</p>`;
    const amount = h.rate(durationText(scaleS));
    if (kind === "change")
      return html`<div class="heat-legend is-change">
        <p>${h.changeOf(this.#spanText(span), this.#spanText(compared))}</p>
        <p class="heat-scale">
          <span>${h.less(durationText(scaleS))}</span><span class="change-ramp" aria-hidden="true"></span><span>${h.more(durationText(scaleS))}</span>
        </p>
        <p class="hint">${h.changeHelp}</p>
      </div>`;
    return html`<div class="heat-legend">
      <p>${h.presence(this.#spanText(this.props.params.show === "other" && compared ? compared : span))}</p>
      <p class="heat-scale"><span>${t.floor.heatLow}</span><span class="heat-ramp" aria-hidden="true"></span><span>${amount}</span></p>
      ${compared && html`<p class="hint">${h.sameScale}</p>`}
    </div>`;
  }

  #set(change) {
    const params = { ...this.props.params, ...change };
    for (const name of Object.keys(params)) if (!params[name]) delete params[name];
    this.props.actions.open({ params });
  }

  onCompare = (event) => {
    const vs = event.target.value;
    const today = dayKey(this.props.getNowMs(), this.props.layout.time_zone);
    this.#set({ vs: vs === "none" ? "" : vs, show: "", vs_from: vs === "custom" ? addDays(today, -7) : "", vs_to: vs === "custom" ? addDays(today, -1) : "" });
  };

  #file() {
    const { layout, heat } = this.props;
    const title = `${layout.name} ${h.fileName}`;
    const { heat: asked, view } = this.state;
    return { title, grid: asked ?? heat.grid, view };
  }

  onWall = () => {
    // Only a press of a button may fill the screen; where that is refused the wall fills the window.
    document.documentElement.requestFullscreen?.().catch(() => {});
    this.props.actions.open({ params: { mode: "wall" } });
  };

  onCsv = () => {
    const { title, grid, view } = this.#file();
    if (grid) saveHeatCsv(title, grid, view, h.columns);
  };

  onPng = () => {
    const { title, grid, view } = this.#file();
    savePlanPng(title, this.props.layout, view ? view.grid : grid, this.props.isOn);
  };

  render({ layout, params, isOn, actions }) {
    const zone = layout.time_zone;
    const nowMs = this.props.getNowMs();
    const vs = COMPARED.includes(params.vs) ? params.vs : "none";
    const shown = SHOWN.includes(params.show) ? params.show : "change";
    const today = dayKey(nowMs, zone);
    const minute = () => instant(Math.floor((this.props.getNowMs() - 60_000) / 60_000) * 60_000).replace(":00.000Z", "Z");
    return html`<div class="floor-tools">
      ${isOn &&
      html`<div class="heat-choice" role="group" aria-label=${h.period}>
        <${Period}
          params=${{ period: params.period ?? "", from: params.from, to: params.to }}
          zone=${zone}
          nowMs=${Math.floor(nowMs / 60_000) * 60_000}
          options=${HEAT_PERIODS}
          fallback="hour"
          onChange=${({ period, from, to }) => this.#set({ period: period ?? "", from: from ?? "", to: to ?? "" })}
        />
        <label class="compare-with">
          <span>${h.compareWith}</span>
          <select value=${vs} onChange=${this.onCompare}>
            ${COMPARED.map((name) => html`<option key=${name} value=${name}>${h.compared[name]}</option>`)}
          </select>
        </label>
        ${vs === "custom" &&
        html`<label>${t.parts.from} <input type="date" value=${params.vs_from ?? ""} max=${params.vs_to ?? today} onChange=${(e) => this.#set({ vs_from: e.target.value })} /></label>
          <label>${t.parts.to} <input type="date" value=${params.vs_to ?? ""} min=${params.vs_from} max=${today} onChange=${(e) => this.#set({ vs_to: e.target.value })} /></label>`}
        ${vs !== "none" &&
        html`<div class="heat-shown" role="group" aria-label=${h.show}>
          ${SHOWN.map(
            (name) =>
              html`<button
                key=${name}
                class=${classes("quiet", shown === name && "is-chosen")}
                aria-pressed=${shown === name ? "true" : "false"}
                onClick=${() => this.#set({ show: name === "change" ? "" : name })}
              >
                ${h.shown[name]}
              </button>`,
          )}
        </div>`}
      </div>`}
      <div class="floor-actions">
        <button class="quiet" onClick=${() => actions.open({ params: { ...params, at: minute() } })}><${Icon} name="replay" size=${18} />${h.replay}</button>
        <button class="quiet" onClick=${this.onWall}><${Icon} name="screen" size=${18} />${h.wall}</button>
        ${isOn && html`<button class="quiet save" aria-label=${t.parts.csvOf(h.fileName)} onClick=${this.onCsv}><${Icon} name="download" size=${18} />${t.parts.csv}</button>`}
        <button class="quiet save" aria-label=${t.parts.pngOf(layout.name)} onClick=${this.onPng}>${isOn ? "" : html`<${Icon} name="download" size=${18} />`}${t.parts.png}</button>
      </div>
    </div>`;
  }
}
