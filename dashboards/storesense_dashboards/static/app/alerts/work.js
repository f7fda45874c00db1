// What there is to do about alerts, as plain values: who has what, what may be done with it, what waits for whom.
import { isOver } from "../state.js";

const SEVERITY_RANK = { critical: 0, warning: 1, info: 2 };
const BY_HAND = new Set(["staff_report", "bulk_removal", "kpi_anomaly"]);

/** Why an alert can be dismissed; "other" needs a note. */
export const DISMISS_REASONS = Object.freeze(["wrong", "not_useful", "already_done", "duplicate", "test", "other"]);

/** What staff report of what no sensor sees, in the order in which it is offered. */
export const REPORTS = Object.freeze(["spill", "complaint", "empty_spot", "broken_goods", "blocked_way", "needs_help", "danger", "other"]);

/** For how long an alert can be put off, in minutes. */
export const SNOOZE_MIN = Object.freeze([15, 30, 60, 240]);

export const mayAct = (user) => Boolean(user) && user.role !== "viewer";

/** Whether somebody put it off beyond `nowMs`. */
export const isSnoozed = (alert, nowMs) => Boolean(alert.snoozed_until) && Date.parse(alert.snoozed_until) > nowMs;

/** Whether people say that it is done, because no sensor can. */
export const endsByHand = (alert) => BY_HAND.has(alert.kind) || Boolean(alert.is_blind);

/** Whether `userName` has it in hand. */
export const isMine = (alert, userName) => alert.state === "in_hand" && alert.taken_by === userName;

/**
 * What `user` may do with an alert, as names of actions, the next one first. It is what the server would say; whoever
 * shows an alert that it read with its `allowed` uses that.
 */
export function choices(alert, user) {
  if (!mayAct(user)) return [];
  if (isOver(alert)) return ["note"];
  const mine = isMine(alert, user.user_name);
  const names = [];
  if (mine) {
    if (endsByHand(alert)) names.push("resolve");
    names.push("release");
  } else {
    names.push("take");
    if (alert.state === "open") names.push("acknowledge");
    if (endsByHand(alert)) names.push("resolve");
    if (alert.state === "in_hand" && (user.role === "manager" || user.role === "admin")) names.push("release");
  }
  names.push(alert.snoozed_until ? "wake" : "snooze", "dismiss", "note");
  return names;
}

const byUrgency = (userName) => (a, b) =>
  isMine(b, userName) - isMine(a, userName) ||
  (SEVERITY_RANK[a.severity] ?? 1) - (SEVERITY_RANK[b.severity] ?? 1) ||
  (a.state === "in_hand") - (b.state === "in_hand") ||
  Date.parse(b.opened_at) - Date.parse(a.opened_at) ||
  b.alert_id - a.alert_id;

/**
 * The inbox: what stands, as `{now, snoozed, silenced}`, each sorted by urgency.
 *
 * `filter` may name `section`, `severity` and `who` ("mine", "nobody"). What another alert explains is told apart, as
 * nothing is to be done about it.
 */
export function inbox(alerts, { userName, nowMs, section = null, severity = null, who = null }) {
  const wanted = Object.values(alerts)
    .filter((alert) => !isOver(alert))
    .filter((alert) => !section || alert.section_id === section)
    .filter((alert) => !severity || alert.severity === severity)
    .filter((alert) => who !== "mine" || isMine(alert, userName))
    .filter((alert) => who !== "nobody" || alert.state === "open")
    .sort(byUrgency(userName));
  const silenced = wanted.filter((alert) => alert.silenced_by_alert_id);
  const others = wanted.filter((alert) => !alert.silenced_by_alert_id);
  return {
    now: others.filter((alert) => !isSnoozed(alert, nowMs)),
    snoozed: others.filter((alert) => isSnoozed(alert, nowMs)),
    silenced,
  };
}

/**
 * The three lists of the staff app, of what neither waits nor is explained: mine, what is for my sections and nobody else
 * does (of every section while none is chosen), all.
 */
export function staffLists(alerts, { userName, nowMs, sections }) {
  const { now, snoozed } = inbox(alerts, { userName, nowMs });
  const mine = [...now, ...snoozed].filter((alert) => isMine(alert, userName));
  const free = now.filter((alert) => alert.state !== "in_hand");
  return { mine, section: free.filter((alert) => !sections.length || sections.includes(alert.section_id)), all: now };
}

/** A name for one action, so that it does its work once however often it is sent. */
export function newKey() {
  // Not crypto.randomUUID(): that is missing on a page which is not served over HTTPS.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
