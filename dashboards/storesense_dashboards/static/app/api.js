// The HTTP API as functions. Every failure is an ApiError whose `status` is 0 when the server did not answer.
import { t } from "./i18n/index.js";
import { spoken } from "./state.js";

const BASE = "/api/v1";
const TIMEOUT_MS = 15_000;

/** A request that failed: `status` (0: no answer), `code`, `field` and a message for people. */
export class ApiError extends Error {
  constructor({ status, code, message, field = null }) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** What the server said of a refusal, `{code, message}`, in the page's language; without a word of it the status is told. */
export function refusalText(problem, status) {
  return problem.message ? t.refusal(problem.code, problem.message) : t.problem.unexpected(status);
}

async function errorOf(response) {
  let problem = {};
  try {
    problem = (await response.json()).error ?? {};
  } catch {
    // A proxy's error page is no JSON; the status alone tells what is known.
  }
  return new ApiError({
    status: response.status,
    code: problem.code ?? "unexpected",
    message: refusalText(problem, response.status),
    field: problem.field ?? null,
  });
}

/** Ask the API; `headers` besides the usual ones, `signal` to give up, `timeoutMs` where it may take long. */
export async function request(method, path, body, { headers = {}, signal = null, timeoutMs = TIMEOUT_MS } = {}) {
  const patience = AbortSignal.timeout(timeoutMs);
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
  } catch {
    throw new ApiError({ status: 0, code: "unreachable", message: t.problem.unreachable });
  }
  if (!response.ok) throw await errorOf(response);
  if (response.status === 204) return null;
  try {
    const answer = await response.json();
    return Array.isArray(answer?.alerts) ? { ...answer, alerts: answer.alerts.map(spoken) } : spoken(answer);
  } catch {
    throw new ApiError({ status: 0, code: "unreachable", message: t.problem.unreachable });
  }
}

/** The path of a store, or of what is in it. */
export const storePath = (storeId, rest = "") => `/stores/${encodeURIComponent(storeId)}${rest}`;

const inStore = (storeId, path) => (storeId === null ? path : storePath(storeId, path));

/** `path` with the params that are given: null, undefined and "" are left out. */
function withParams(path, params) {
  const given = Object.entries(params ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

export const api = {
  /** GET of a store (or of none: null): `api.get(storeId, "/kpis", {params: {from, to}, signal})`. */
  get: (storeId, path, { params, signal } = {}) => request("GET", withParams(inStore(storeId, path), params), undefined, { signal }),
  /** A change: `api.send("POST", storeId, "/alerts/7/snooze", {reason})`. */
  send: (method, storeId, path, body) => request(method, inStore(storeId, path), body),
  session: () => request("GET", "/session"),
  signIn: (userName, password) => request("POST", "/session", { user_name: userName, password }),
  signOut: () => request("DELETE", "/session"),
  stores: () => request("GET", "/stores"),
  store: (storeId) => request("GET", storePath(storeId)),
  devices: (storeId) => request("GET", storePath(storeId, "/devices")),
  heatmap: (storeId) => request("GET", storePath(storeId, "/heatmap")),
  footfall: (storeId, from, step) =>
    request("GET", storePath(storeId, `/footfall?step=${step}&from=${encodeURIComponent(from)}`)),
  acknowledge: (storeId, alertId) =>
    request("POST", storePath(storeId, `/alerts/${encodeURIComponent(alertId)}/acknowledge`)),
  streamUrl: (storeId) => BASE + storePath(storeId, "/stream"),
};
