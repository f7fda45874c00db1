// What the page shows, as the part of its address after "#": a link reproduces the view.

/**
 * Nothing chosen: `storeId` null, `page` null (where to begin is decided when the stores are known), `item` the selected
 * place of the floor, `heat` whether it is drawn, `params` what a page keeps there of its own, all texts.
 */
export const EMPTY_VIEW = Object.freeze({ storeId: null, page: null, item: null, heat: true, params: Object.freeze({}) });

const KINDS = new Set(["line", "zone", "queue", "lane", "slot", "sensor"]);
const OWN = new Set(["store", "page", "item", "heat"]);
const PARAM_NAME = /^[a-z][a-z0-9_]{0,31}$/;
const MAX_PARAM_LETTERS = 300;
const MAX_PARAMS = 20;
/** What an edge box's page gives back (setup/carry.js) is longer than anything else. */
const LONG_PARAMS = Object.freeze({ drawn: 190_000 });

/**
 * The view that a hash such as "#store=s1&page=alerts&severity=critical" stands for; what makes no sense is left out. A
 * store without a page is its floor.
 */
export function parseView(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const [kind, ...rest] = (given.get("item") ?? "").split(":");
  const id = rest.join(":");
  const params = {};
  for (const [name, value] of [...given].slice(0, MAX_PARAMS + OWN.size))
    if (!OWN.has(name) && PARAM_NAME.test(name) && value.length <= (LONG_PARAMS[name] ?? MAX_PARAM_LETTERS)) params[name] = value;
  const storeId = given.get("store") || null;
  const page = given.get("page");
  return {
    storeId,
    page: page && PARAM_NAME.test(page) ? page : storeId ? "floor" : null,
    item: KINDS.has(kind) && id ? { kind, id } : null,
    heat: given.get("heat") !== "0",
    params,
  };
}

/** The hash of a view. What is as it is without being said, is not said. */
export function formatView(view) {
  const said = new URLSearchParams();
  if (view.storeId) said.set("store", view.storeId);
  if (view.page && view.page !== (view.storeId ? "floor" : null)) said.set("page", view.page);
  if (view.item) said.set("item", `${view.item.kind}:${view.item.id}`);
  if (!view.heat) said.set("heat", "0");
  for (const name of Object.keys(view.params ?? {}).sort()) if (view.params[name]) said.set(name, view.params[name]);
  const text = said.toString();
  return text ? `#${text}` : "";
}
