// Numbers, durations and instants as text. Instants are shown in the store's time zone, never in the browser's.
import { t } from "./i18n/index.js";

const formatters = new Map();

function dateFormat(zone, options) {
  const key = zone + JSON.stringify(options);
  let format = formatters.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(t.locale, { timeZone: zone, hourCycle: "h23", ...options });
    formatters.set(key, format);
  }
  return format;
}

/** Milliseconds since 1970 of an RFC 3339 text, or null if it is none. */
export function parseInstant(text) {
  const ms = typeof text === "string" ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** The time of day at `ms` in `zone`: "14:05", or "14:05:09" with seconds. */
export function timeText(ms, zone, { seconds = false } = {}) {
  const options = { hour: "2-digit", minute: "2-digit" };
  if (seconds) options.second = "2-digit";
  return dateFormat(zone, options).format(ms);
}

/** The calendar day at `ms` in `zone`, as a text to compare: "2026-11-21". */
export function dayKey(ms, zone) {
  const parts = dateFormat(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(ms);
  const of = (type) => parts.find((part) => part.type === type).value;
  return `${of("year")}-${of("month")}-${of("day")}`;
}

/** The time of day, with the day before it where that is not today's in `zone`. */
export function dayTimeText(ms, nowMs, zone) {
  const time = timeText(ms, zone);
  if (dayKey(ms, zone) === dayKey(nowMs, zone)) return time;
  return t.time.dayAndTime(dateFormat(zone, { weekday: "short", day: "numeric", month: "short" }).format(ms), time);
}

/** "Saturday, 21 November" in `zone`. */
export function dateText(ms, zone) {
  return dateFormat(zone, { weekday: "long", day: "numeric", month: "long" }).format(ms);
}

/** The day at `ms` in `zone`, short: "21 Nov". */
export function dayText(ms, zone) {
  return dateFormat(zone, { day: "numeric", month: "short" }).format(ms);
}

const CLOCK = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
const clocks = new Map();

/** A Date whose local parts (`getHours()` and so on) are those that a clock in `zone` shows at `ms`. */
export function wallDate(ms, zone) {
  // The language is fixed: parts are read as numbers here, whatever digits the reader's own language has.
  if (!clocks.has(zone)) clocks.set(zone, new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...CLOCK }));
  const parts = {};
  for (const { type, value } of clocks.get(zone).formatToParts(ms)) parts[type] = Number(value);
  return new Date(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second, ((ms % 1000) + 1000) % 1000);
}

/** How long ago `ms` was, seen from `nowMs`; a moment in the future counts as now. */
export function agoText(ms, nowMs) {
  const minutes = Math.floor(Math.max(0, nowMs - ms) / 60_000);
  if (minutes < 1) return t.time.now;
  if (minutes < 60) return t.time.minutesAgo(minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? t.time.hoursAgo(hours) : t.time.daysAgo(Math.floor(hours / 24));
}

const TWO_DAYS_S = 172_800;

/** A duration in words of at most two units: "45 s", "4 min 10 s", "1 h 5 min", and from two days on "5 d 22 h". */
export function durationText(seconds) {
  if (!Number.isFinite(seconds)) return t.unknown;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return t.time.seconds(whole);
  if (whole < 3600) return t.time.minutes(Math.floor(whole / 60), whole % 60);
  if (whole < TWO_DAYS_S) return t.time.hours(Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
  return t.time.days(Math.floor(whole / 86_400), Math.floor((whole % 86_400) / 3600));
}

/** A number with the language's separators, or a dash where there is none: a gap is no zero. */
export function numberText(value, fractionDigits = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return t.unknown;
  return value.toLocaleString(t.locale, {
    minimumFractionDigits: fractionDigits,
    maximumFractionDigits: fractionDigits,
  });
}

/** A weight in grams below one kilogram, else in kilograms. */
export function weightText(weightG) {
  if (weightG === null || weightG === undefined || !Number.isFinite(weightG)) return t.unknown;
  if (Math.abs(weightG) < 1000) return t.units.grams(numberText(weightG));
  return t.units.kilograms(numberText(weightG / 1000, 2));
}

/** Whether clocks in the two zones show different times at `ms`. */
export function zonesDiffer(zoneA, zoneB, ms) {
  if (zoneA === zoneB) return false;
  return dayKey(ms, zoneA) !== dayKey(ms, zoneB) || timeText(ms, zoneA) !== timeText(ms, zoneB);
}
