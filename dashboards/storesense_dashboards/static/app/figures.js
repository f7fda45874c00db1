// What the readings mean for the page: fresh or stale, stocked or not, and the key figures. Pure functions over values.
import { parseInstant } from "./format.js";

// Counts, zones and queues are measured at least once a minute, zeros too; weights, lanes and climate may rest longer.
const STALE_AFTER_MS = {
  footfall: 150_000,
  zones: 150_000,
  queues: 150_000,
  lanes: 600_000,
  slots: 600_000,
  environment: 600_000,
};

/**
 * Whether a reading can be trusted as the present: `{state: "none" | "fresh" | "stale", sinceMs}`. `atMs` is the
 * present; while the page is cut off it is the moment of the last word, so that no sensor is blamed for the network.
 */
export function freshness(family, reading, atMs) {
  const sinceMs = parseInstant(reading?.measured_at);
  if (sinceMs === null) return { state: "none", sinceMs: null };
  const stale = atMs !== null && atMs - sinceMs > STALE_AFTER_MS[family];
  return { state: stale ? "stale" : "fresh", sinceMs };
}

/**
 * The state of a slot: "none", "stale", "settling" (somebody is at it), "unknown" (the weight does not tell), "empty",
 * "low" or "ok".
 */
export function slotState(slot, reading, atMs) {
  const { state, sinceMs } = freshness("slots", reading, atMs);
  const units = reading?.units ?? null;
  const fill = units === null ? null : Math.min(1, units / slot.capacity_units);
  if (state !== "fresh") return { state, units, fill, sinceMs };
  if (units === null) return { state: reading.is_stable === false ? "settling" : "unknown", units, fill, sinceMs };
  if (units === 0) return { state: "empty", units, fill, sinceMs };
  return { state: units <= slot.reorder_point_units ? "low" : "ok", units, fill, sinceMs };
}

/** The state of a lane: "none", "stale", "closed", "unstaffed" (open, nobody there) or "open". */
export function laneState(reading, atMs, lane) {
  const { state, sinceMs } = freshness("lanes", reading, atMs);
  if (state !== "fresh") return { state, sinceMs };
  if (!reading.is_open) return { state: "closed", sinceMs };
  return { state: reading.is_staffed || lane?.kind === "self_checkout" ? "open" : "unstaffed", sinceMs };
}

const SLOT_ORDER = { empty: 0, low: 1, unknown: 2, stale: 3, none: 4, settling: 5, ok: 6 };

/** All slots with their state, those that need stock first, emptiest first; `needing` counts them. */
export function shelfList(layout, live, atMs) {
  const rows = layout.slots.map((slot) => ({ slot, ...slotState(slot, live.slots[slot.id], atMs) }));
  rows.sort((a, b) => SLOT_ORDER[a.state] - SLOT_ORDER[b.state] || (a.fill ?? 2) - (b.fill ?? 2));
  const inState = (...states) => rows.filter((row) => states.includes(row.state)).length;
  return {
    rows,
    needing: inState("empty", "low"),
    silent: inState("unknown", "stale", "none"),
    known: inState("empty", "low", "ok"),
  };
}

/** Visitors and occupancy from the entrance lines; null stands for "not known", never for zero. */
export function entranceFigures(layout, live, atMs) {
  const entrances = layout.lines.filter((line) => line.is_entrance);
  // A count that nobody measured yet comes as zero without an instant.
  const known = entrances.filter((line) => parseInstant(live.footfall[line.id]?.measured_at) !== null);
  const sum = (key) => known.reduce((total, line) => total + (live.footfall[line.id][key] ?? 0), 0);
  const silent = entrances
    .map((line) => ({ line, ...freshness("footfall", live.footfall[line.id], atMs) }))
    .filter((entry) => entry.state !== "fresh");
  return {
    configured: entrances.length > 0,
    visitors: known.length ? sum("in_count") : null,
    left: known.length ? sum("out_count") : null,
    occupancy: known.length ? Math.max(0, sum("in_count") - sum("out_count")) : null,
    silent,
  };
}

/** The queue with the longest line (then the longest wait) among those that are fresh, or null. */
export function longestQueue(layout, live, atMs) {
  let longest = null;
  for (const queue of layout.queues) {
    const reading = live.queues[queue.id];
    if (freshness("queues", reading, atMs).state !== "fresh") continue;
    const entry = { queue, length: reading.length, waitS: reading.longest_wait_s ?? 0 };
    if (!longest || entry.length > longest.length || (entry.length === longest.length && entry.waitS > longest.waitS))
      longest = entry;
  }
  return longest;
}

/** Devices that are online, all devices, and those that are not. */
export function deviceFigures(live) {
  const all = Object.values(live.devices);
  const offline = all.filter((device) => device.state !== "online");
  return { total: all.length, online: all.length - offline.length, offline };
}

const MAX_BINS = 200;
const ON_ITS_WAY_MS = 120_000;

/**
 * The footfall points of the entrance lines as bins of `stepMs` from the first that was measured to now:
 * `{startMs, inCount, outCount}`, counts null where nothing was measured. What may still be on its way is left out.
 */
export function footfallBins(layout, points, atMs, stepMs) {
  const entrances = new Set(layout.lines.filter((line) => line.is_entrance).map((line) => line.id));
  const sums = new Map();
  for (const point of points) {
    const at = parseInstant(point.at);
    if (at === null || at > atMs || !entrances.has(point.line_id)) continue;
    const startMs = Math.floor(at / stepMs) * stepMs;
    const sum = sums.get(startMs) ?? { startMs, inCount: 0, outCount: 0 };
    sum.inCount += point.in_count;
    sum.outCount += point.out_count;
    sums.set(startMs, sum);
  }
  const bins = [];
  if (!sums.size) return bins;
  for (let startMs = Math.min(...sums.keys()); startMs <= atMs && bins.length < MAX_BINS; startMs += stepMs)
    bins.push(sums.get(startMs) ?? { startMs, inCount: null, outCount: null });
  while (bins.at(-1).inCount === null && bins.at(-1).startMs + stepMs > atMs - ON_ITS_WAY_MS) bins.pop();
  return bins;
}
