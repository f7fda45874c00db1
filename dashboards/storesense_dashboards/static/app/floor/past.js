// A day that was: what the page would have shown at each of its minutes. Pure functions over what `GET …/day` tells.
import { parseInstant } from "../format.js";
import { emptyLive } from "../state.js";

export const MINUTE_MS = 60_000;
const QUARTER_MIN = 15;
const COMPLETE = 0.95;

/** For each place the index of the last value that is known up to there, -1 before the first. */
function lastKnown(values) {
  const found = new Int32Array(values.length);
  let last = -1;
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] !== null) last = i;
    found[i] = last;
  }
  return found;
}

function runningSum(values) {
  const found = new Float64Array(values.length);
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) {
    sum += values[i] ?? 0;
    found[i] = sum;
  }
  return found;
}

/** A day made ready to be asked for its minutes. */
export function prepareDay(day) {
  const fromMs = parseInstant(day.from);
  return {
    date: day.date,
    fromMs,
    toMs: parseInstant(day.to),
    untilMs: parseInstant(day.until),
    minutes: Math.round((parseInstant(day.until) - fromMs) / MINUTE_MS),
    lines: day.lines.map((line) => ({
      id: line.line_id,
      counts: line.in_count,
      inSum: runningSum(line.in_count),
      outSum: runningSum(line.out_count),
      last: lastKnown(line.in_count),
    })),
    zones: day.zones.map((zone) => ({ id: zone.zone_id, people: zone.people, last: lastKnown(zone.people) })),
    queues: day.queues.map((queue) => ({ ...queue, id: queue.queue_id, last: lastKnown(queue.length) })),
    lanes: day.lanes.map((lane) => ({ id: lane.lane_id, state: lane.state })),
    slots: day.slots.map((slot) => ({ id: slot.slot_id, units: slot.units })),
    hours: day.hours.map((hour) => ({ ...hour, atMs: parseInstant(hour.at), share: hour.expected_minutes ? hour.measured_minutes / hour.expected_minutes : null })),
    alerts: day.alerts.map((alert) => ({ ...alert, openedMs: parseInstant(alert.opened_at), endedMs: parseInstant(alert.ended_at) })),
  };
}

/** The minute of the day that an instant lies in, within those that are past. */
export const minuteOf = (day, ms) => Math.max(0, Math.min(day.minutes - 1, Math.floor((ms - day.fromMs) / MINUTE_MS)));

/** The live state as it was in a minute of the day: readings keep the minute they are of, so that gaps show as they do live. */
export function liveAt(day, minute) {
  const live = { ...emptyLive(), dayStartedAt: new Date(day.fromMs).toISOString() };
  const at = (index) => new Date(day.fromMs + index * MINUTE_MS).toISOString();
  live.at = at(minute);
  for (const { id, inSum, outSum, last } of day.lines)
    if (last[minute] >= 0)
      live.footfall[id] = { line_id: id, in_count: inSum[minute], out_count: outSum[minute], measured_at: at(last[minute]) };
  for (const { id, people, last } of day.zones)
    if (last[minute] >= 0)
      live.zones[id] = { zone_id: id, occupancy: Math.round(people[last[minute]]), measured_at: at(last[minute]) };
  for (const { id, length, longest_wait_s: waits, last } of day.queues)
    if (last[minute] >= 0) {
      const index = last[minute];
      live.queues[id] = { queue_id: id, length: length[index], longest_wait_s: waits[index], measured_at: at(index) };
    }
  for (const { id, state } of day.lanes)
    if (state[minute] !== null && state[minute] !== undefined)
      live.lanes[id] = { lane_id: id, is_open: state[minute] > 0, is_staffed: state[minute] > 1, measured_at: at(minute) };
  for (const { id, units } of day.slots) {
    const known = units[Math.floor(minute / QUARTER_MIN)];
    if (known !== null && known !== undefined)
      live.slots[id] = { slot_id: id, units: known, weight_g: null, confidence: null, is_stable: true, measured_at: at(minute) };
  }
  for (const alert of standingAt(day, minute)) live.alerts[alert.alert_id] = { ...alert, state: "open" };
  return live;
}

/** The alerts that stood in a minute, newest first. */
export function standingAt(day, minute) {
  const endMs = day.fromMs + (minute + 1) * MINUTE_MS;
  return day.alerts.filter(({ openedMs, endedMs }) => openedMs < endMs && (endedMs === null || endedMs >= endMs));
}

/** Hours that are not whole, neighbours with about the same share put together: `[{fromMs, toMs, share}]`. */
export function gapsOf(day) {
  const gaps = [];
  day.hours.forEach(({ atMs, share }, i) => {
    if (share === null || share >= COMPLETE) return;
    const toMs = day.hours[i + 1]?.atMs ?? day.untilMs;
    const before = gaps.at(-1);
    if (before && before.toMs === atMs && (before.shares[0] === 0) === (share === 0)) {
      before.toMs = toMs;
      before.shares.push(share);
    } else gaps.push({ fromMs: atMs, toMs, shares: [share] });
  });
  return gaps.map(({ fromMs, toMs, shares }) => ({ fromMs, toMs, share: shares.reduce((sum, each) => sum + each, 0) / shares.length }));
}

/** People in over the entrances by quarter of an hour: `[{minute, count}]`, null where nothing was measured. */
export function quarterCounts(day, entranceIds) {
  const lines = day.lines.filter(({ id }) => entranceIds.has(id));
  const found = [];
  for (let minute = 0; minute < day.minutes; minute += QUARTER_MIN) {
    const counts = lines.flatMap(({ counts: own }) => own.slice(minute, minute + QUARTER_MIN)).filter((count) => count !== null);
    found.push({ minute, count: counts.length ? counts.reduce((sum, count) => sum + count, 0) : null });
  }
  return found;
}
