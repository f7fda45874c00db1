// The pages there are, in the order of the navigation. A page is fetched when it is first visited; how to add one stands
// in docs/reference/dashboards.md.

/** By name: `icon`, whether it is about one store (`needsStore`), and `load()`, its module. */
export const PAGES = Object.freeze({
  chain: { icon: "stores", needsStore: false, load: () => import("./chain.js") },
  floor: { icon: "store", needsStore: true, load: () => import("./floor.js") },
  visitors: { icon: "people", needsStore: true, load: () => import("./visitors.js") },
  queues: { icon: "queue", needsStore: true, load: () => import("./queues.js") },
  alerts: { icon: "bell", needsStore: true, load: () => import("./alerts.js") },
  shelves: { icon: "shelf", needsStore: true, load: () => import("./shelves.js") },
  devices: { icon: "device", needsStore: true, load: () => import("./devices.js") },
  setup: { icon: "setup", needsStore: true, load: () => import("./setup.js") },
});

export const hasPage = (name) => Object.hasOwn(PAGES, name);
