// KPIs as text: a value in its unit, and its change against the past.
import { durationText, numberText } from "../format.js";
import { t } from "../i18n/index.js";

const SAME = 0.005;

/** A value of a KPI, with its unit where the number alone would not say it. */
export function kpiText(unit, value) {
  if (value === null || value === undefined) return t.unknown;
  if (unit === "share") return `${numberText(value * 100, value !== 0 && value !== 1 ? 1 : 0)}\u00a0%`;
  if (unit === "s") return durationText(value);
  if (unit === "min") return durationText(value * 60);
  return numberText(value, Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 1);
}

/**
 * How a value stands to the one before: `{change, text, isGood}` for the Figure part; null where one is not known. Shares
 * are told in points, lanes (which may be below none) as they are, all else in per cent of what was; `better` is "higher", "lower" or "neither".
 */
export function kpiTrend({ unit, value, previous }, better, points) {
  if (value === null || value === undefined || previous === null || previous === undefined) return null;
  let [change, text] = [value - previous, ""];
  if (unit === "share") text = points(numberText(Math.abs(change) * 100, 1));
  else if (previous === 0 || unit === "lanes") text = kpiText(unit, Math.abs(change));
  else text = `${numberText((Math.abs(change) / Math.abs(previous)) * 100)}\u00a0%`;
  const scale = unit === "share" || unit === "lanes" ? 1 : Math.abs(previous) || 1;
  if (Math.abs(change) / scale < SAME) change = 0;
  const isGood = change === 0 || better === "neither" || !better ? null : change > 0 === (better === "higher");
  return { change, text, isGood };
}

/** A target as it is typed, in the unit that people use (per cent, minutes as minutes), and back. */
export const targetShown = (unit, target) => (target === null || target === undefined ? "" : String(unit === "share" ? +(target * 100).toFixed(2) : target));
export function targetTyped(unit, text) {
  if (text.trim() === "") return null;
  const value = Number(text.trim().replace(",", "."));
  return Number.isFinite(value) && value >= 0 ? (unit === "share" ? value / 100 : value) : NaN;
}
