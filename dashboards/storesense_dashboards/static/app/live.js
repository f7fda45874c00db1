// The live stream of one store. It is read with fetch rather than EventSource, because that shows the status of a
// refusal (an ended session) and the heartbeats, whose absence tells that a connection is dead though nobody closed it.
// It runs in a shared worker as well as on a page, and so knows neither window nor document.
import { createSseParser } from "./sse.js";

const SILENCE_MS = 40_000; // the server sends a heartbeat every 15 s
const MAX_DELAY_MS = 15_000;

/** How long to wait before attempt number `attempt` (from 1): doubling, capped, and spread so that pages do not come all at once. */
export function backoffMs(attempt, baseMs, random = Math.random()) {
  return Math.min(MAX_DELAY_MS, baseMs * 2 ** Math.min(attempt - 1, 10)) * (0.6 + 0.4 * random);
}

/**
 * Keeps the stream at `url` open until `stop()`.
 *
 * `onEvent(name, value)` gets each event, decoded; `onPhase(phase)` gets "connecting", "live" or
 * "reconnecting"; `onRefused(status)` is called once if the server refuses with a 4xx, after which nothing is tried again.
 */
export class LiveStream {
  #url;
  #on;
  #stopped = false;
  #abort = null;
  #wake = null;
  #baseMs = 1000;
  #attempt = 0;

  constructor({ url, onEvent, onPhase, onRefused }) {
    this.#url = url;
    this.#on = { event: onEvent, phase: onPhase, refused: onRefused };
  }

  start() {
    this.#run();
  }

  stop() {
    this.#stopped = true;
    this.#abort?.abort();
    this.#wake?.();
  }

  /** Try again now instead of at the end of the wait. */
  retryNow() {
    this.#wake?.();
  }

  async #run() {
    this.#on.phase("connecting");
    while (!this.#stopped) {
      const status = await this.#read();
      if (this.#stopped) return;
      if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
        this.stop();
        this.#on.refused(status);
        return;
      }
      this.#attempt += 1;
      this.#on.phase("reconnecting");
      await this.#wait(backoffMs(this.#attempt, this.#baseMs));
    }
  }

  /** Read until the stream ends; gives the status of a refusal, 0 where the connection was lost. */
  async #read() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    let watchdog = setTimeout(() => this.#abort.abort(), SILENCE_MS);
    try {
      const response = await fetch(this.#url, {
        headers: { Accept: "text/event-stream" },
        credentials: "same-origin",
        cache: "no-store",
        signal,
      });
      if (!response.ok) return response.status;
      const feed = createSseParser({
        onEvent: (message) => this.#take(message),
        onRetry: (ms) => {
          this.#baseMs = Math.max(100, Math.min(MAX_DELAY_MS, ms));
        },
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return 0;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => this.#abort.abort(), SILENCE_MS);
        feed(value);
      }
    } catch (error) {
      // A lost connection and our own abort are the everyday case here; a fault in our code must stay visible.
      if (!(error instanceof TypeError) && error.name !== "AbortError") console.error(error);
      return 0;
    } finally {
      clearTimeout(watchdog);
    }
  }

  #take({ event, data }) {
    if (this.#stopped) return;
    let value;
    try {
      value = JSON.parse(data);
    } catch {
      console.warn(`Left out an event ${JSON.stringify(event)} that is no JSON.`);
      return;
    }
    this.#attempt = 0;
    this.#on.event(event, value);
    this.#on.phase("live");
  }

  #wait(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    }).finally(() => {
      this.#wake = null;
    });
  }
}
