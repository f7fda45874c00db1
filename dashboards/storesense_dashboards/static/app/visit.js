// One stay at a store, or at the overview: its timers and its requests end with it.

/** `onSignedOut()` is called when the server says 401 to a request of a stay that still lasts. */
export class Visit {
  #timers = new Set();
  #number = 0;
  #onSignedOut;

  constructor(onSignedOut) {
    this.#onSignedOut = onSignedOut;
  }

  /** End the stay; the next one begins. */
  end() {
    this.#number += 1;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Run `task` after `ms` if the stay still lasts then. */
  later(ms, task) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, ms);
    this.#timers.add(timer);
  }

  /** Run a request; gives undefined if it failed, or if the stay ended meanwhile. `onError` hears of failures but for 401. */
  async ask(request, onError) {
    const number = this.#number;
    try {
      const answer = await request();
      return number === this.#number ? answer : undefined;
    } catch (error) {
      if (number !== this.#number) return undefined;
      if (error.status === 401) this.#onSignedOut();
      else onError?.(error);
      return undefined;
    }
  }
}
