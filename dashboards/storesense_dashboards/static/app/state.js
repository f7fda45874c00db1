// What is known of one store, as plain values, and how events change it. No function here changes its arguments.

/** The families of a snapshot, and the key that names one item of each. */
export const FAMILIES = Object.freeze({
  footfall: "line_id",
  zones: "zone_id",
  queues: "queue_id",
  lanes: "lane_id",
  slots: "slot_id",
  environment: "sensor_id",
  devices: "device_id",
});

/** An alert with its words in the page's language, where the server has them. */
export function spoken(alert) {
  const words = alert?.words?.[globalThis.document?.documentElement.lang];
  return words ? { ...alert, ...words } : alert;
}

const ALERT_RANK = { open: 0, acknowledged: 1, in_hand: 2, resolved: 3, dismissed: 3 };
const MAX_ALERTS = 500;

/** Whether nothing is left to do about an alert: it is resolved, or somebody dismissed it. */
export const isOver = (alert) => alert.state === "resolved" || alert.state === "dismissed";

/** When an alert ended, as text; null while it stands. */
export const endedAt = (alert) => alert.resolved_at ?? alert.dismissed_at ?? null;

/** Nothing known yet. */
export function emptyLive() {
  const live = { at: null, dayStartedAt: null, alerts: {} };
  for (const family of Object.keys(FAMILIES)) live[family] = {};
  return live;
}

function byId(items, key) {
  const found = {};
  for (const item of items ?? []) if (item && item[key] != null) found[item[key]] = item;
  return found;
}

/**
 * A slot's reading after `item`. A weight that swings because somebody is at the shelf tells no units: those that were
 * known stay until it has settled.
 */
function settled(known, item) {
  const next = { ...known, ...item };
  const isSwinging = item.is_stable === false && item.units == null;
  return isSwinging ? { ...next, units: known?.units ?? null } : next;
}

/** The state that a snapshot tells, instead of whatever was known. Alerts that ended keep their place in the done list. */
export function applySnapshot(live, snapshot) {
  const next = { ...emptyLive(), at: snapshot.at ?? null, dayStartedAt: snapshot.day_started_at ?? null };
  for (const [family, key] of Object.entries(FAMILIES)) next[family] = byId(snapshot[family], key);
  for (const [id, slot] of Object.entries(next.slots)) next.slots[id] = settled(live.slots[id], slot);
  next.alerts = byId(snapshot.alerts?.map(spoken), "alert_id");
  for (const [id, alert] of Object.entries(live.alerts)) {
    if (!(id in next.alerts) && isOver(alert)) next.alerts[id] = alert;
  }
  return next;
}

/** A snapshot, dated `at`, that tells all of `live`: what `applySnapshot` makes it of again. */
export function snapshotOf(live, at) {
  const snapshot = { at, day_started_at: live.dayStartedAt, alerts: Object.values(live.alerts) };
  for (const family of Object.keys(FAMILIES)) snapshot[family] = Object.values(live[family]);
  return snapshot;
}

/** The state after an update: items replace those of the same id, all others stay. */
export function applyUpdate(live, update) {
  const next = { ...live, at: update.at ?? live.at, dayStartedAt: update.day_started_at ?? live.dayStartedAt };
  for (const [family, key] of Object.entries(FAMILIES)) {
    if (!update[family]?.length) continue;
    next[family] = { ...live[family] };
    for (const item of update[family]) {
      if (item?.[key] == null) continue;
      const known = next[family][item[key]];
      next[family][item[key]] = family === "slots" ? settled(known, item) : { ...known, ...item };
    }
  }
  for (const alert of update.alerts ?? []) next.alerts = applyAlert(next, alert).alerts;
  return next;
}

/**
 * The state after an alert came. Alerts go forward, so one that comes late takes nothing back; but who has one in hand may
 * give it back, and it is open again.
 */
export function applyAlert(live, alert) {
  const known = live.alerts[alert.alert_id];
  const isGivenBack = known?.state === "in_hand" && alert.state === "open";
  if (known && !isGivenBack && ALERT_RANK[known.state] > ALERT_RANK[alert.state]) return live;
  return { ...live, alerts: { ...live.alerts, [alert.alert_id]: spoken(alert) } };
}

const newestFirst = (at) => (a, b) => Date.parse(at(b)) - Date.parse(at(a)) || (a.alert_id < b.alert_id ? 1 : -1);
const openedAt = (alert) => alert.opened_at;
const SEVERITY_RANK = { critical: 0, warning: 1, info: 2 };

/** Alerts as lists: what is to do (open before acknowledged before in hand, urgent first, then newest first) and what is done. */
export function sortAlerts(alerts) {
  const all = Object.values(alerts);
  const todo = all
    .filter((alert) => !isOver(alert))
    .sort(
      (a, b) =>
        ALERT_RANK[a.state] - ALERT_RANK[b.state] ||
        (SEVERITY_RANK[a.severity] ?? 1) - (SEVERITY_RANK[b.severity] ?? 1) ||
        newestFirst(openedAt)(a, b),
    );
  const done = all.filter(isOver).sort(newestFirst(endedAt));
  return { todo: todo.slice(0, MAX_ALERTS), todoCount: todo.length, done: done.slice(0, 50) };
}

const SUBJECT_KIND = {
  queue_too_long: "queue",
  wait_too_long: "queue",
  predicted_wait: "queue",
  lanes_to_open: "queue",
  lanes_to_close: "queue",
  zone_crowded: "zone",
  zone_unattended: "zone",
  low_stock: "slot",
  slot_empty: "slot",
  predicted_empty: "slot",
  restock_overdue: "slot",
  misplaced: "slot",
  bulk_removal: "slot",
  calibration_due: "slot",
};

/** The place on the plan that an alert speaks of, or null. Of a plate's further product the subject is `slot/sku`. */
export function alertItem(alert) {
  const kind = SUBJECT_KIND[alert.kind];
  return kind ? { kind, id: kind === "slot" ? alert.subject_id.split("/")[0] : alert.subject_id } : null;
}

/** The places that something is to be done at, as a set of "kind:id". */
export function placesNeedingAction(alerts) {
  const places = new Set();
  for (const alert of Object.values(alerts)) {
    const item = alertItem(alert);
    if (item && !isOver(alert)) places.add(`${item.kind}:${item.id}`);
  }
  return places;
}
