// Opening a store: what the page knows before the first answer, where it begins, and a layout made whole.
import { hasPage, PAGES } from "./pages/index.js";
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

/**
 * What was asked for ahead of the scripts, once: `{session, stores, store, live}`, the session null if nobody is signed in;
 * null if it did not come, and then the page asks piece by piece.
 */
export async function takeAhead() {
  const asked = globalThis.storesenseAhead;
  delete globalThis.storesenseAhead;
  const response = await asked;
  if (response?.status === 401) return { session: null };
  if (!response?.ok) return null;
  return response.json().catch(() => null);
}

/** The store with the most open alerts. */
function mostNeedy(stores) {
  return stores.reduce((most, store) => (most && most.open_alerts >= store.open_alerts ? most : store), null);
}

/**
 * The view with what it leaves open: of several stores the overview, of one its floor; a page of a store that is not named
 * is that of `lastStoreId`, else of the store that needs most.
 */
export function withBeginning(view, stores, lastStoreId = null) {
  const page = view.page ?? (!view.storeId && stores.length > 1 && hasPage("chain") ? "chain" : "floor");
  if (hasPage(page) && !PAGES[page].needsStore) return { ...view, page };
  return { ...view, page, storeId: view.storeId ?? lastStoreId ?? mostNeedy(stores)?.store_id ?? null };
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
