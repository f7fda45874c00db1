// Which times the heat is of: what the address asks for, and what it is compared with.
import { addDays, dayStartMs, spanOf } from "../parts/period.js";

export const HEAT_PERIODS = Object.freeze(["now", "hour", "today", "week", "month", "custom"]);
export const COMPARED = Object.freeze(["none", "before", "week", "custom"]);
export const SHOWN = Object.freeze(["change", "this", "other"]);

const NOW_MS = 5 * 60_000;
const WEEK_MS = 7 * 86_400_000;

/** The period of params: `{period, fromMs, toMs, isLive}`; "now" is the last five minutes, and the last hour is what there is without being asked. */
export function heatSpan(params, zone, nowMs) {
  const span = spanOf(params, zone, nowMs, "hour");
  return span.period === "now" ? { ...span, fromMs: nowMs - NOW_MS } : span;
}

/** What `span` is compared with, `{fromMs, toMs}`: null for nothing. */
export function comparedSpan(params, span, zone, nowMs) {
  if (params.vs === "before") return { fromMs: 2 * span.fromMs - span.toMs, toMs: span.fromMs };
  if (params.vs === "week") return { fromMs: span.fromMs - WEEK_MS, toMs: span.toMs - WEEK_MS };
  if (params.vs !== "custom") return null;
  const [fromMs, endMs] = [dayStartMs(params.vs_from ?? "", zone), dayStartMs(addDays(params.vs_to ?? "", 1) ?? "", zone)];
  return fromMs !== null && endMs !== null && fromMs < endMs && fromMs < nowMs ? { fromMs, toMs: Math.min(endMs, nowMs) } : null;
}
