// Opening a store: what the page knows before the first answer, where it begins, and a layout made whole.
import { emptyLive } from "./state.js";

/** The part of the state that belongs to one store, before anything is known of it. */
export const nothingOfAStore = () => ({
  store: null,
  storeProblem: null,
  live: emptyLive(),
  hasSnapshot: false,
  acks: {},
  heat: { grid: null, error: null },
  footfall: null,
  connection: { phase: "connecting", lastMs: null },
});

/** Where to begin: the store with the most open alerts. */
export function mostNeedy(stores) {
  return stores.reduce((most, store) => (most && most.open_alerts >= store.open_alerts ? most : store), null);
}

/** A layout may leave lists out; the page wants them all. */
export function withLists(store) {
  const lists = ["sections", "lines", "zones", "lanes", "queues", "slots", "environment_sensors"];
  const layout = { ...store.layout, name: store.name, time_zone: store.time_zone };
  for (const list of lists) layout[list] ??= [];
  layout.queues = layout.queues.map((queue) => ({ ...queue, lanes: queue.lanes ?? [] }));
  layout.floor = { ...layout.floor, walls: layout.floor.walls ?? [] };
  return { ...store, layout };
}
