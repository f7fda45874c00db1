// A slot in fields: whether it has a size, its shelf and level, who weighs it, and what it holds from the beginning.
import { pageTexts } from "../i18n/index.js";
import { html } from "../ui.js";
import { withItem, withSize } from "./drawing.js";
import { Check, Choice, Whole } from "./fields.js";

const p = await pageTexts("setup");

const MAX_LEVEL = 20;

/** The products of the planogram, each once, by their names. */
function productsOf(slots) {
  const products = new Map();
  for (const slot of slots)
    for (const product of [slot.product, ...(slot.also ?? [])]) if (!products.has(product.sku)) products.set(product.sku, product);
  return [...products.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const bare = ({ sku, name, unit_weight_g, unit_weight_tolerance_g }) => ({ sku, name, unit_weight_g, unit_weight_tolerance_g: unit_weight_tolerance_g ?? null });

/** What a slot that is new holds: chosen of the planogram, or nothing yet. */
function Holds({ item, products, onChange }) {
  const { holds } = item;
  const choose = (sku) => {
    const product = products.find((each) => each.sku === sku);
    const also = (holds?.also ?? []).filter((each) => each.sku !== sku);
    onChange(product ? { capacity_units: 10, reorder_point_units: 2, ...holds, also, product: bare(product) } : null);
  };
  return html`<${Choice}
      label=${p.product}
      value=${holds?.product.sku}
      options=${[["", p.noProduct], ...products.map(({ sku, name }) => [sku, name])]}
      hint=${holds ? null : p.noProductHelp}
      onChange=${choose}
    />
    ${holds &&
    html`<${Whole} label=${p.capacity} value=${holds.capacity_units} least=${1} most=${100_000} onChange=${(capacity_units) => onChange({ ...holds, capacity_units })} />
      <${Whole} label=${p.reorderPoint} value=${holds.reorder_point_units} least=${0} most=${99_999} onChange=${(reorder_point_units) => onChange({ ...holds, reorder_point_units })} />`}`;
}

/** Props: drawing, shapeKey, item (the slot's place), held (the drawing that holds), store, devices, onChange(drawing, tag). */
export function SlotFields({ drawing, shapeKey, item, held, store, devices, onChange }) {
  const known = store.slots.find((slot) => slot.id === item.slot);
  const set = (change, tag = null) => onChange(withItem(drawing, shapeKey, change), tag && `${tag}:${shapeKey}`);
  const isNew = !held.slots.some((place) => place.slot === item.slot);
  return html`${item.at_m && html`<${Check} label=${p.hasSize} isOn=${Boolean(item.size_m)} onChange=${(isOn) => onChange(withSize(drawing, shapeKey, isOn))} />`}
    <${Choice} label=${p.section} value=${item.section ?? known?.section} options=${store.sections.map(({ id, name }) => [id, name])} onChange=${(section) => set({ section })} />
    <${Choice} label=${p.kinds.shelf} value=${item.shelf} options=${[["", p.noShelf], ...drawing.shelves.map(({ id, name }) => [id, name])]} onChange=${(shelf) => set({ shelf })} />
    <${Whole} label=${p.level} value=${item.level} least=${1} most=${MAX_LEVEL} onChange=${(level) => set({ level: level === null ? null : Math.min(MAX_LEVEL, Math.max(1, level)) }, "level")} />
    ${known
      ? html`<p class="hint">${p.planned(known.product.name)}</p>`
      : html`<${Holds} item=${item} products=${productsOf(store.slots)} onChange=${(holds) => set({ holds }, "holds")} />`}
    <${Choice}
      label=${p.weighedBy}
      value=${item.device}
      options=${[["", known && !item.device ? p.bySiteFile : p.noDevice], ...devices.map((device) => [device, device])]}
      onChange=${(device) => set({ device })}
    />
    ${item.device && html`<p class="hint">${p.cellHelp(item.slot)}</p>`} ${isNew && !item.device && html`<p class="hint">${p.unweighedHelp}</p>`}`;
}
