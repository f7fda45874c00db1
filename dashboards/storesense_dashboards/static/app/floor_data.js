// What the floor page shows and the stream does not carry: the heat of the last hour, and the footfall of the day.
import { api } from "./api.js";
import { entranceFigures } from "./figures.js";
import { loadFootfall } from "./footfall.js";

const FOOTFALL_REST_MS = 10_000;

/** `host`: the state and how it is changed, `{getState(), set(change), nowMs()}`; `visit` the stay at a store. */
export class FloorData {
  #host;
  #visit;
  #isFootfallDue = false;

  constructor(host, visit) {
    this.#host = host;
    this.#visit = visit;
  }

  /** Another store is opened. */
  reset() {
    this.#isFootfallDue = false;
  }

  async loadHeat() {
    const { view } = this.#host.getState();
    if (!view.heat || view.page !== "floor") return;
    const grid = await this.#visit.ask(
      () => api.heatmap(view.storeId),
      (error) => this.#host.set({ heat: { ...this.#host.getState().heat, error } }),
    );
    if (grid) this.#host.set({ heat: { grid, error: null } });
  }

  async loadFootfall() {
    const { view, live } = this.#host.getState();
    const from = live.dayStartedAt;
    if (!from || view.page !== "floor") return;
    const footfall = await this.#visit.ask(
      () => loadFootfall(view.storeId, from, this.#host.nowMs()),
      (error) => this.#host.set({ footfall: { ...this.#host.getState().footfall, error } }),
    );
    if (footfall) this.#host.set({ footfall });
  }

  /** Bring the chart after the counts, now and then, so that it does not contradict the figure above it. */
  followCounts(before) {
    const { store, live } = this.#host.getState();
    if (!store || live.footfall === before.footfall || this.#isFootfallDue) return;
    const visitors = (state) => entranceFigures(store.layout, state, null).visitors;
    if (visitors(live) === visitors(before)) return;
    this.#isFootfallDue = true;
    this.#visit.later(FOOTFALL_REST_MS, () => {
      this.#isFootfallDue = false;
      this.loadFootfall();
    });
  }
}
