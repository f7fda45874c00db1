// What the API is asked about alerts, rules and their past. Each action carries a key, by which the server does it once.
import { request, storePath } from "../api.js";
import { newKey } from "./work.js";

const REPLAY_MS = 120_000;

const alertPath = (storeId, alertId, rest = "") => storePath(storeId, `/alerts/${encodeURIComponent(alertId)}${rest}`);
const rulePath = (storeId, ruleId, rest = "") => storePath(storeId, `/rules/${encodeURIComponent(ruleId)}${rest}`);

/** A query of those values that there are: "?state=open&limit=50". */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** Where an action is sent, for whoever keeps it until it can be: take, acknowledge, release, resolve, dismiss, snooze, wake, note. */
export const actionPath = (storeId, alertId, name) => alertPath(storeId, alertId, `/${name}`);

export const reportPath = (storeId) => storePath(storeId, "/reports");

export const calls = {
  alerts: (storeId, values, options) => request("GET", storePath(storeId, `/alerts${query(values)}`), undefined, options),
  alert: (storeId, alertId, options) => request("GET", alertPath(storeId, alertId), undefined, options),
  act: (storeId, alertId, name, body = {}) =>
    request("POST", actionPath(storeId, alertId, name), body, { headers: { "Idempotency-Key": newKey() } }),
  reportCard: (storeId, from, to, options) =>
    request("GET", storePath(storeId, `/alerts/report${query({ from, to })}`), undefined, options),
  rules: (storeId, options) => request("GET", storePath(storeId, "/rules"), undefined, options),
  versions: (storeId, ruleId, options) => request("GET", rulePath(storeId, ruleId, "/versions"), undefined, options),
  putRule: (storeId, rule) => request("PUT", rulePath(storeId, rule.id), rule),
  deleteRule: (storeId, ruleId) => request("DELETE", rulePath(storeId, ruleId)),
  replay: (storeId, rule, from, to) =>
    request("POST", storePath(storeId, "/rules/replay"), { rule, from, to }, { timeoutMs: REPLAY_MS }),
};
