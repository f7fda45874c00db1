// What the page shows, as the part of its address after "#": a link reproduces the view.

export const EMPTY_VIEW = Object.freeze({ storeId: null, item: null, heat: true });

const KINDS = new Set(["line", "zone", "queue", "lane", "slot", "sensor"]);

/** The view that a hash such as "#store=s1&item=queue:tills&heat=0" stands for; what makes no sense is left out. */
export function parseView(hash) {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const [kind, ...rest] = (params.get("item") ?? "").split(":");
  const id = rest.join(":");
  return {
    storeId: params.get("store") || null,
    item: KINDS.has(kind) && id ? { kind, id } : null,
    heat: params.get("heat") !== "0",
  };
}

/** The hash of a view. */
export function formatView(view) {
  const params = new URLSearchParams();
  if (view.storeId) params.set("store", view.storeId);
  if (view.item) params.set("item", `${view.item.kind}:${view.item.id}`);
  if (!view.heat) params.set("heat", "0");
  const text = params.toString();
  return text ? `#${text}` : "";
}
