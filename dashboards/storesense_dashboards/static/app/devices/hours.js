// What the gap ledger says of each device, hour by hour, as something to look at.

/** How an hour is drawn: "whole", "part", "none", or "nothing" where nothing was expected. */
export function hourState({ completeness }) {
  if (completeness === null || completeness === undefined) return "nothing";
  if (completeness >= 0.995) return "whole";
  return completeness > 0 ? "part" : "none";
}

/** Why minutes are missing, the most first: `[[reason, share of the expected minutes], ...]` over all the hours given. */
export function missingReasons(hours) {
  const expected = hours.reduce((sum, hour) => sum + hour.expected_minutes, 0);
  const sums = new Map();
  for (const hour of hours)
    for (const [reason, minutes] of Object.entries(hour.missing_minutes ?? {}))
      if (minutes) sums.set(reason, (sums.get(reason) ?? 0) + minutes);
  return [...sums].map(([reason, minutes]) => [reason, minutes / expected]).sort((a, b) => b[1] - a[1]);
}

/** The share of expected minutes that was measured over the hours given; null where nothing was expected. */
export function completenessOf(hours) {
  const expected = hours.reduce((sum, hour) => sum + hour.expected_minutes, 0);
  return expected ? hours.reduce((sum, hour) => sum + hour.measured_minutes, 0) / expected : null;
}

/** Messages that are still awaited of a device, over all its starts. */
export const awaitedMessages = (boots) => boots.reduce((sum, boot) => sum + boot.awaited_messages, 0);

/**
 * One row a device: what is registered and told of it, beside what the ledger and the planogram say. `live` tells its state
 * and when it was last seen; health of the worst component decides `health`.
 */
export function deviceRows({ devices, completeness, planogram }, live) {
  const ledger = new Map(completeness.devices.map((entry) => [entry.device_id, entry]));
  const versions = new Map(planogram.map((entry) => [entry.device_id, entry]));
  const order = ["failed", "degraded", "ok"];
  return devices.map((device) => {
    const now = live[device.device_id];
    const known = ledger.get(device.device_id);
    const newest = (key) => {
      const told = device.health.filter((each) => each[key] !== null && each[key] !== undefined);
      return told.length ? told.reduce((a, b) => (a.measured_at > b.measured_at ? a : b))[key] : null;
    };
    const worst = order.find((state) => device.health.some((each) => each.state === state)) ?? null;
    const hours = known?.hours ?? [];
    return {
      ...device,
      state: now?.state ?? device.state,
      lastSeenAt: now?.last_seen_at ?? device.last_seen_at,
      health: worst,
      components: device.health,
      clockOffsetMs: newest("clock_offset_ms"),
      outboxMessages: newest("outbox_messages"),
      outboxBytes: newest("outbox_bytes"),
      uptimeS: newest("uptime_s"),
      hours,
      completeness: completenessOf(hours),
      awaited: known ? awaitedMessages(known.boots) : null,
      planogram: versions.get(device.device_id) ?? null,
    };
  });
}

const CLOCK_OFF_MS = 1_000;
const SHORT = 0.95;

/** Whether a device's clock is off by more than a second. */
export const isClockOff = ({ clockOffsetMs }) => clockOffsetMs !== null && Math.abs(clockOffsetMs) > CLOCK_OFF_MS;

/** What of a row of `deviceRows` needs somebody, the most urgent first; a whole device has an empty list. */
export function needsOf(row) {
  return [
    row.state !== "online" && "offline",
    row.health === "failed" && "failed",
    row.health === "degraded" && "degraded",
    row.completeness !== null && row.completeness < SHORT && "incomplete",
    isClockOff(row) && "clock",
    row.planogram?.version != null && !row.planogram.is_in_force && "planogram",
  ].filter(Boolean);
}

const URGENCY = ["offline", "failed", "degraded", "incomplete", "clock", "planogram"];

/** Rows by what needs attention most, then by name. */
export function byNeed(rows) {
  const rank = (row) => {
    const [first] = needsOf(row);
    return first ? URGENCY.indexOf(first) : URGENCY.length;
  };
  return rows
    .map((row) => [rank(row), row])
    .sort(([a, one], [b, other]) => a - b || one.device_id.localeCompare(other.device_id, undefined, { numeric: true }))
    .map(([, row]) => row);
}
