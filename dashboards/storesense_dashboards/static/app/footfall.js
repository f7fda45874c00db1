// The footfall of the day: in quarters of an hour, or by the minute while the day is young and quarters would say little.
import { api } from "./api.js";
import { parseInstant } from "./format.js";

export const MINUTE_MS = 60_000;
export const QUARTER_MS = 900_000;
const YOUNG_MS = 5_400_000;

/**
 * Ask for the counts since `from` (an instant as text): `{points, stepMs, atMs, error}`, `atMs` being the present they
 * were asked at. Raises ApiError.
 */
export async function loadFootfall(storeId, from, nowMs) {
  const { points } = await api.footfall(storeId, from, "15m");
  const firstMs = Math.min(...points.map((point) => parseInstant(point.at) ?? Infinity));
  if (nowMs - firstMs >= YOUNG_MS || !Number.isFinite(firstMs))
    return { points, stepMs: QUARTER_MS, atMs: nowMs, error: null };
  const byMinute = await api.footfall(storeId, new Date(firstMs).toISOString(), "1m");
  return { points: byMinute.points, stepMs: MINUTE_MS, atMs: nowMs, error: null };
}
