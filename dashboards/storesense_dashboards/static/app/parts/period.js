// Which span of time is looked at: a choice that a page keeps in its params, in the store's own days.
import { dayKey } from "../format.js";
import { t } from "../i18n/index.js";
import { html, Pure } from "../ui.js";

export const PERIODS = Object.freeze(["now", "hour", "today", "week", "month", "custom"]);
const DAY_MS = 86_400_000;
const SPANS_DAYS = { today: 1, week: 7, month: 30 };
const MAX_DAYS = 400;

/** How far `zone` is ahead of UTC at `ms`, in milliseconds. */
function offsetMs(ms, zone) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(ms);
  const of = (type) => Number(parts.find((part) => part.type === type).value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(ms / 1000) * 1000;
}

/** The instant at which the local day `key` ("2026-11-21") begins in `zone`, also where the clock changes at midnight. */
export function dayStartMs(key, zone) {
  const utc = Date.parse(`${key}T00:00:00Z`);
  if (Number.isNaN(utc)) return null;
  const candidates = [offsetMs(utc - DAY_MS, zone), offsetMs(utc + DAY_MS, zone)].map((offset) => utc - offset);
  for (const ms of candidates.sort((a, b) => a - b)) if (dayKey(ms, zone) === key && dayKey(ms - 1, zone) !== key) return ms;
  // Midnight itself does not exist that day: its first instant is where the day before ends.
  let [low, high] = [Math.min(...candidates) - 3 * 3_600_000, Math.max(...candidates) + 3 * 3_600_000];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (dayKey(middle, zone) < key) low = middle;
    else high = middle;
  }
  return high;
}

/** The day `days` after `key`, as the calendar counts. */
export function addDays(key, days) {
  const ms = Date.parse(`${key}T12:00:00Z`);
  return Number.isNaN(ms) ? null : new Date(ms + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * The span that params ask for: `{period, fromMs, toMs, isLive}`; `fallback` where they name none. Days are the store's;
 * "week" and "month" are the last 7 and 30 of them, today's included; `isLive` where it ends at the present.
 */
export function spanOf(params, zone, nowMs, fallback = "today") {
  const today = dayKey(nowMs, zone);
  const period = PERIODS.includes(params.period) ? params.period : fallback;
  if (period === "now" || period === "hour") return { period, fromMs: nowMs - 3_600_000, toMs: nowMs, isLive: true };
  if (period === "custom") {
    const first = dayStartMs(params.from ?? "", zone);
    const end = params.to ? dayStartMs(addDays(params.to, 1) ?? "", zone) : null;
    if (first !== null && end !== null && first < end && end - first <= MAX_DAYS * DAY_MS)
      return { period, fromMs: first, toMs: Math.min(end, Math.max(nowMs, first + 1)), isLive: end > nowMs };
    return spanOf({}, zone, nowMs, fallback === "custom" ? "today" : fallback);
  }
  return { period, fromMs: dayStartMs(addDays(today, 1 - SPANS_DAYS[period]), zone), toMs: nowMs, isLive: true };
}

/**
 * Props: params (of the view), zone, nowMs, options (of PERIODS), fallback, onChange(params to set). Shows two days to fill in
 * for "custom".
 */
export class Period extends Pure {
  state = { problem: null };

  #choose = (period) => {
    const { params, zone, nowMs, fallback = "today", onChange } = this.props;
    const { period: _period, from: _from, to: _to, ...others } = params;
    if (period !== "custom") return onChange({ ...others, period: period === fallback ? "" : period });
    const today = dayKey(nowMs, zone);
    return onChange({ ...others, period, from: addDays(today, -6), to: today });
  };

  #fill = (name) => (event) => {
    const params = { ...this.props.params, [name]: event.target.value };
    if (!params.from || !params.to) return;
    if (params.from > params.to) return this.setState({ problem: t.parts.periodOrder });
    this.setState({ problem: null });
    this.props.onChange(params);
  };

  render({ params, zone, nowMs, options = PERIODS, fallback = "today" }, { problem }) {
    const { period } = spanOf(params, zone, nowMs, fallback);
    const isCustom = params.period === "custom";
    return html`<div class="period">
      <label>
        <span class="visually-hidden">${t.parts.period}</span>
        <select value=${isCustom ? "custom" : period} onChange=${(event) => this.#choose(event.target.value)}>
          ${options.map((name) => html`<option key=${name} value=${name}>${t.parts.periods[name]}</option>`)}
        </select>
      </label>
      ${isCustom &&
      html`<label>${t.parts.from} <input type="date" value=${params.from ?? ""} max=${params.to} onChange=${this.#fill("from")} /></label>
        <label>${t.parts.to} <input type="date" value=${params.to ?? ""} min=${params.from} onChange=${this.#fill("to")} /></label>`}
      <span role="alert">${problem}</span>
    </div>`;
  }
}
