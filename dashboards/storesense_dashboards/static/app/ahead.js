// Runs before anything else is fetched: asks for what the first view shows, so that it comes while the scripts do. No module:
// those come later. Its only reader is opening.js.
(() => {
  const storeId = new URLSearchParams(location.hash.slice(1)).get("store");
  const path = `/api/v1/opening${storeId ? `?store_id=${encodeURIComponent(storeId)}` : ""}`;
  globalThis.storesenseAhead = fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(15_000) }).catch(() => null);
})();
