// Shared by all tabs of a browser: it holds the one live stream of each store that any of them shows.
import { LiveStream } from "./live.js";
import { applyAlert, applySnapshot, applyUpdate, emptyLive, snapshotOf } from "./state.js";

const open = new Map(); // by address: {stream, ports, live, phase, isKnown, skewMs}

function tell(entry, message) {
  for (const port of entry.ports) port.postMessage(message);
}

function begin(url) {
  const entry = { ports: new Set(), live: emptyLive(), phase: "connecting", isKnown: false, skewMs: 0 };
  const apply = { snapshot: applySnapshot, update: applyUpdate, alert: applyAlert };
  entry.stream = new LiveStream({
    url,
    onEvent(name, value) {
      if (apply[name]) entry.live = apply[name](entry.live, value);
      if (name === "snapshot") entry.isKnown = true;
      const atMs = Date.parse(value.at);
      if (!Number.isNaN(atMs)) entry.skewMs = atMs - Date.now();
      tell(entry, { type: "event", name, value });
    },
    onPhase(phase) {
      if (phase === entry.phase) return;
      entry.phase = phase;
      tell(entry, { type: "phase", phase });
    },
    onRefused(status) {
      open.delete(url);
      tell(entry, { type: "refused", status });
    },
  });
  open.set(url, entry);
  entry.stream.start();
  return entry;
}

function leave(port) {
  for (const [url, entry] of open)
    if (entry.ports.delete(port) && !entry.ports.size) {
      entry.stream.stop();
      open.delete(url);
    }
}

function join(port, url) {
  leave(port);
  const entry = open.get(url) ?? begin(url);
  entry.ports.add(port);
  port.postMessage({ type: "phase", phase: entry.phase });
  // Who comes later is told what is known as if it had just been sent.
  const at = new Date(Date.now() + entry.skewMs).toISOString();
  if (entry.isKnown) port.postMessage({ type: "event", name: "snapshot", value: snapshotOf(entry.live, at) });
}

/** Nobody is signed in any more: every stream ends, whoever follows it. */
function signedOut(port) {
  for (const entry of open.values()) {
    entry.stream.stop();
    entry.ports.delete(port);
    tell(entry, { type: "refused", status: 401 });
  }
  open.clear();
}

function take(port, { type, url, tab }) {
  if (type === "open") join(port, url);
  else if (type === "close") leave(port);
  else if (type === "signed out") signedOut(port);
  else if (type === "hurry") for (const entry of open.values()) entry.ports.has(port) && entry.stream.retryNow();
  // A tab holds the lock of its name while it lives; whoever dies without a word lets it go.
  else if (type === "tab") navigator.locks?.request(tab, () => leave(port));
}

addEventListener("connect", ({ ports: [port] }) => {
  port.addEventListener("message", ({ data }) => take(port, data));
  port.start();
});
