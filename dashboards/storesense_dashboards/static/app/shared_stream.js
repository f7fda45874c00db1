// A page's end of the live stream. All tabs of a browser share one stream a store, held by a shared worker; where there is
// none (some phones), each tab has its own.
import { scriptUrl } from "./trusted.js";

const OFFLINE_AFTER_MS = 10_000;
const AGAIN_MS = 2_000;

let worker = null;

function sharedPort() {
  if (!worker && typeof SharedWorker === "function") {
    worker = new SharedWorker(scriptUrl(new URL("./stream_worker.js", import.meta.url).href), {
      type: "module",
      name: "storesense",
    });
    const tab = `storesense tab ${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
    navigator.locks?.request(tab, () => new Promise(() => {}));
    worker.port.start();
    worker.port.postMessage({ type: "tab", tab });
  }
  return worker?.port ?? null;
}

/** Begin to start the worker, so that it is there when the store is known. */
export const prepareStream = () => void sharedPort();

/** Tell the other tabs that nobody is signed in any more. */
export const tellSignedOut = () => sharedPort()?.postMessage({ type: "signed out" });

/**
 * Follows the stream at `url` until `stop()`: `onEvent(name, value)` gets each event, `onPhase(phase)` "connecting", "live",
 * "reconnecting" or, when that takes long, "offline"; `onRefused(status)` is told once if the server refuses, and ends it.
 */
export class SharedStream {
  #url;
  #on;
  #port = sharedPort();
  #own = null;
  #again = null;
  #patience = null;
  #isStopped = false;

  constructor({ url, onEvent, onPhase, onRefused }) {
    this.#url = url;
    this.#on = { event: onEvent, phase: onPhase, refused: onRefused };
  }

  start() {
    addEventListener("online", this.#hurry);
    addEventListener("offline", this.#away);
    addEventListener("pagehide", this.#hide);
    addEventListener("pageshow", this.#show);
    document.addEventListener("visibilitychange", this.#hurry);
    if (this.#port) {
      this.#port.addEventListener("message", this.#take);
      this.#port.postMessage({ type: "open", url: this.#url });
      return;
    }
    this.#followAlone();
  }

  /** What the worker would do, here; fetched by the few browsers that need it. */
  async #followAlone() {
    let LiveStream;
    try {
      ({ LiveStream } = await import("./live.js"));
    } catch {
      this.#phase("reconnecting");
      if (!this.#isStopped) this.#again = setTimeout(() => this.#followAlone(), AGAIN_MS);
      return;
    }
    if (this.#isStopped) return;
    this.#own = new LiveStream({
      url: this.#url,
      onEvent: (name, value) => this.#on.event(name, value),
      onPhase: this.#phase,
      onRefused: this.#refused,
    });
    this.#own.start();
  }

  stop() {
    this.#isStopped = true;
    removeEventListener("online", this.#hurry);
    removeEventListener("offline", this.#away);
    removeEventListener("pagehide", this.#hide);
    removeEventListener("pageshow", this.#show);
    document.removeEventListener("visibilitychange", this.#hurry);
    clearTimeout(this.#again);
    clearTimeout(this.#patience);
    this.#port?.removeEventListener("message", this.#take);
    this.#port?.postMessage({ type: "close" });
    this.#own?.stop();
  }

  /** Try again now instead of at the end of the wait. */
  retryNow() {
    this.#port?.postMessage({ type: "hurry" });
    this.#own?.retryNow();
  }

  #hurry = () => {
    if (!document.hidden) this.retryNow();
  };

  #away = () => this.#phase("reconnecting");

  #hide = () => this.#port?.postMessage({ type: "close" });

  /** Back from the browser's cache of pages: the stream was given up when it went there. */
  #show = ({ persisted }) => {
    if (persisted) this.#port?.postMessage({ type: "open", url: this.#url });
  };

  #take = ({ data: { type, name, value, phase, status } }) => {
    if (this.#isStopped) return;
    if (type === "event") {
      this.#on.event(name, value);
      this.#phase("live");
    } else if (type === "phase") this.#phase(phase);
    else if (type === "refused") this.#refused(status);
  };

  #refused = (status) => {
    this.stop();
    this.#on.refused(status);
  };

  #phase = (phase) => {
    if (phase !== "reconnecting") {
      clearTimeout(this.#patience);
      this.#patience = null;
      this.#on.phase(phase);
    } else if (navigator.onLine === false) this.#on.phase("offline");
    else if (this.#patience === null) {
      this.#on.phase("reconnecting");
      this.#patience = setTimeout(() => this.#on.phase("offline"), OFFLINE_AFTER_MS);
    }
  };
}
