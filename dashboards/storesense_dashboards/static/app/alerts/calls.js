// What the API is asked about alerts, rules and their past. Each action carries a key, by which the server does it once.
import { api, request, storePath } from "../api.js";
import { newKey } from "./work.js";

const REPLAY_MS = 120_000;
const rulePath = (ruleId, rest = "") => `/rules/${encodeURIComponent(ruleId)}${rest}`;

/** Where an action is sent, for whoever keeps it until it can be: take, acknowledge, release, resolve, dismiss, snooze, wake, note. */
export const actionPath = (storeId, alertId, name) => storePath(storeId, `/alerts/${encodeURIComponent(alertId)}/${name}`);

export const reportPath = (storeId) => storePath(storeId, "/reports");

/** Send an action of `key`; sent again with the same key, it is done once. */
export const sendAction = (path, body, key) => request("POST", path, body ?? {}, { headers: { "Idempotency-Key": key } });

export const calls = {
  alerts: (storeId, params, signal) => api.get(storeId, "/alerts", { params, signal }),
  alert: (storeId, alertId, signal) => api.get(storeId, `/alerts/${encodeURIComponent(alertId)}`, { signal }),
  act: (storeId, alertId, name, body) => sendAction(actionPath(storeId, alertId, name), body, newKey()),
  reportCard: (storeId, params, signal) => api.get(storeId, "/alerts/report", { params, signal }),
  rules: (storeId, signal) => api.get(storeId, "/rules", { signal }),
  versions: (storeId, ruleId) => api.get(storeId, rulePath(ruleId, "/versions")),
  putRule: (storeId, rule) => api.send("PUT", storeId, rulePath(rule.id), rule),
  deleteRule: (storeId, ruleId) => api.send("DELETE", storeId, rulePath(ruleId)),
  replay: (storeId, rule, from, to) =>
    request("POST", storePath(storeId, "/rules/replay"), { rule, from, to }, { timeoutMs: REPLAY_MS }),
};
