// The staff app's service worker: the app opens without a network, and messages pushed to it are shown.
const CACHE = "storesense-staff";
const PAGE = "/staff";
const PATIENCE_MS = 4_000;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add(PAGE)));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** From the network while it answers in time, and kept; else as it was last. */
async function fresh(request, name) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) await cache.put(name, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(name);
    if (kept) return kept;
    throw error;
  }
}

/** Files whose address names their content never change. */
async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? fresh(request, request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(fresh(request, PAGE));
  else if (url.pathname.startsWith("/static/v-")) event.respondWith(kept(request));
  else if (url.pathname.startsWith("/static/")) event.respondWith(fresh(request, request));
});

// What loaded before this worker was in charge is kept, too: the app tells it what it has loaded.
self.addEventListener("message", (event) => {
  const { keep } = event.data ?? {};
  if (!Array.isArray(keep)) return;
  event.waitUntil(
    caches.open(CACHE).then(async (cache) => {
      for (const key of await cache.keys()) if (key.url.includes("/static/") && !keep.includes(key.url)) await cache.delete(key);
      const wanted = keep.filter((url) => new URL(url).origin === self.location.origin);
      await Promise.all(wanted.map(async (url) => (await cache.match(url)) || cache.add(url)));
    }),
  );
});

self.addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data?.json() ?? {};
  } catch {
    // Not one of our messages; the app is opened all the same.
  }
  const { title, body, severity, store_id: storeId, alert_id: alertId } = told;
  const tag = alertId ? `${storeId}:${alertId}` : "";
  const options = {
    body: body ?? "",
    // A later word on the same alert takes the place of the earlier one, and is heard.
    tag,
    renotify: Boolean(tag),
    data: told,
    icon: "/static/staff/icon-192.png",
    badge: "/static/staff/icon-192.png",
    vibrate: severity === "critical" ? [300, 100, 300, 100, 300] : [200, 100, 200],
    requireInteraction: severity === "critical",
  };
  event.waitUntil(self.registration.showNotification(title ?? "Storesense", options));
});

/** Show what a notification is about: in the app where it is open, else in a new window of it. */
async function open({ store_id: store = null, alert_id: alert = null }) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const app = windows.find((client) => new URL(client.url).pathname === PAGE);
  const hash = new URLSearchParams({ ...(store && { store }), ...(alert && { alert }) }).toString();
  if (!app) return self.clients.openWindow(hash ? `${PAGE}#${hash}` : PAGE);
  app.postMessage({ open: { store, alert } });
  return app.focus();
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data ?? {}));
});
