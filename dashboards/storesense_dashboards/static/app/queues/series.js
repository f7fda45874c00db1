// From the API's steps to what the charts draw; pure functions.
import { parseInstant } from "../format.js";

const secondsOf = (text) => parseInstant(text) / 1000;

const AHEAD_S = 900;

/** Lanes open against needed: `{xs, open, now, in15, in30}`; what was advised for later stands at the time that it was for. */
export function laneSeries({ steps, step_s: stepS }) {
  const xs = steps.map((step) => secondsOf(step.at));
  const shifted = (name, aheadS) => {
    const by = Math.round(aheadS / stepS);
    return steps.map((_, index) => (index < by ? null : steps[index - by][name]));
  };
  return {
    xs,
    open: steps.map((step) => step.lanes_open),
    now: steps.map((step) => step.lanes_now),
    in15: shifted("lanes_15", AHEAD_S),
    in30: shifted("lanes_30", 2 * AHEAD_S),
  };
}

/** Waits that were foretold 15 minutes before, at the steps that they were foretold for: `{xs, following, unchanged}`. */
export function foretoldWaits({ steps, step_s: stepS }) {
  const by = Math.round(AHEAD_S / stepS);
  const at = (name) => steps.map((_, index) => (index < by ? null : steps[index - by][name]));
  return { xs: steps.map((step) => secondsOf(step.at)), following: at("wait_15_s"), unchanged: at("wait_unchanged_15_s") };
}

/** What waits were, at the same instants as `xs`: that of the step of `levels` which each of them is in. */
export function metWaits({ levels, level_step_s: stepS }, xs) {
  const byStep = new Map(levels.map((level) => [secondsOf(level.at), level.wait_mean_s]));
  return xs.map((s) => byStep.get(Math.floor(s / stepS) * stepS) ?? null);
}

/** Of the minutes of which both are known, the share with as many lanes open as were advised; null without any. */
export function enoughShare({ steps }) {
  const known = steps.filter((step) => step.lanes_open !== null && step.lanes_now !== null);
  return known.length ? known.filter((step) => step.lanes_open >= step.lanes_now - 1e-9).length / known.length : null;
}

/** Hours of foretold days: `{xs, median, low, high, measured}`; the clock's change leaves a gap, not a shift. */
export function hourSeries(days) {
  const hours = days.flatMap((day) => day.hours);
  const of = (name) => hours.map((hour) => hour[name]);
  return { xs: hours.map((hour) => secondsOf(hour.at)), median: of("median"), low: of("low"), high: of("high"), measured: of("measured") };
}

/** Of the hours that are measured, how many lie in their band: `{inside, measured}`. */
export function bandScore({ low, high, measured }) {
  const known = measured.flatMap((value, index) => (value === null ? [] : [value >= low[index] && value <= high[index]]));
  return { inside: known.filter(Boolean).length, measured: known.length };
}

/** Whether a list has any value. */
export const hasAny = (values) => values.some((value) => value !== null && value !== undefined);
