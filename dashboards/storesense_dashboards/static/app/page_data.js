// What the open page asked the API for: asked again while somebody looks, kept by view so that going back shows at once.
import { formatView } from "./route.js";

const DEFAULT_REFRESH_MS = 30_000;
const RETRY_MS = 5_000;
const MAX_KEPT = 12;

export const NO_DATA = Object.freeze({ module: null, data: null, problem: null, atMs: null, isLoading: false });

/**
 * Holds what a page's `load(context)` gave, and asks anew every `refreshMs` of its module while the page is visible.
 *
 * `nowMs()` is the server's present, `onChange(value)` gets each new value: `{module, data, problem, atMs, isLoading}`,
 * `onSignedOut()` is called when the server says 401.
 */
export class PageData {
  #on;
  #nowMs;
  #kept = new Map();
  #abort = null;
  #timer = null;
  #key = null;
  #open = null;
  value = NO_DATA;

  constructor({ nowMs, onChange, onSignedOut }) {
    this.#nowMs = nowMs;
    this.#on = { change: onChange, signedOut: onSignedOut };
    document.addEventListener("visibilitychange", () => this.#look());
  }

  #set(change) {
    this.value = { ...this.value, ...change };
    this.#on.change(this.value);
  }

  /** Show the page of `module` for `view`; what is known of that view shows at once, and is asked anew. */
  open(module, view) {
    const names = module.dataParams ?? Object.keys(view.params);
    const params = Object.fromEntries(names.map((name) => [name, view.params[name]]));
    const key = formatView({ ...view, item: null, heat: true, params });
    if (this.#key === key && this.#open?.module === module) {
      this.#open = { module, view };
      return;
    }
    this.close();
    this.#key = key;
    this.#open = { module, view };
    const known = this.#kept.get(key) ?? { data: null, atMs: null };
    this.#set({ module, ...known, problem: null, isLoading: Boolean(module.load) });
    this.#ask();
  }

  /** Forget the open page; an answer that is on its way is not taken. */
  close() {
    this.#abort?.abort();
    clearTimeout(this.#timer);
    this.#abort = this.#timer = this.#key = this.#open = null;
    this.value = NO_DATA;
  }

  /** Forget everything: another person may sign in. */
  forget() {
    this.close();
    this.#kept.clear();
  }

  /** Ask anew, now. */
  refresh = () => this.#ask();

  #look() {
    const restMs = this.#open?.module.refreshMs ?? DEFAULT_REFRESH_MS;
    if (document.hidden || !this.#open?.module.load || !restMs) return;
    if (this.value.atMs === null || this.#nowMs() - this.value.atMs >= restMs) this.#ask();
  }

  async #ask() {
    if (!this.#open?.module.load) return;
    const { module, view } = this.#open;
    this.#abort?.abort();
    clearTimeout(this.#timer);
    const abort = (this.#abort = new AbortController());
    let restMs = module.refreshMs ?? DEFAULT_REFRESH_MS;
    this.#set({ isLoading: true });
    try {
      const data = await module.load({
        storeId: view.storeId,
        params: view.params,
        signal: abort.signal,
        nowMs: this.#nowMs,
      });
      if (abort.signal.aborted) return;
      const atMs = this.#nowMs();
      this.#keep({ data, atMs });
      this.#set({ data, atMs, problem: null, isLoading: false });
    } catch (error) {
      if (abort.signal.aborted) return;
      if (error.status === undefined) throw error; // a fault of the page's, not the server's answer
      if (error.status === 401) return this.#on.signedOut();
      // What may get well by itself is asked for again soon; a refusal is not.
      if (error.status >= 400 && error.status < 500) restMs = 0;
      else restMs = RETRY_MS;
      this.#set({ problem: error, isLoading: false });
    }
    if (restMs)
      this.#timer = setTimeout(() => {
        if (!document.hidden) this.#ask();
      }, restMs);
    return undefined;
  }

  #keep(value) {
    this.#kept.delete(this.#key);
    this.#kept.set(this.#key, value);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value);
  }
}
