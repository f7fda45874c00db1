// What is known of each slot, from the layout, the live weights, and what depletion foretells.
import { shelfList } from "../figures.js";
import { walkingOrder } from "./walk.js";

const SOON_H = 4;

/** The name of one of a slot's products to people; its sku where the layout does not know it. */
export function productName(slot, sku) {
  return [slot.product, ...(slot.also ?? [])].find((each) => each?.sku === sku)?.name ?? sku;
}

/** Whether a row belongs on the restock list: at its reorder point, empty, or empty within hours. */
export function needsRestock({ state, units, slot, toEmptyH }) {
  if (units === null || units >= slot.capacity_units) return false;
  return state === "low" || state === "empty" || (toEmptyH !== null && toEmptyH.p50 !== null && toEmptyH.p50 <= SOON_H);
}

/**
 * A row for each slot, in the layout's order: `{slot, state, units, confidence, toEmptyH, toReorderH, isDemandKnown,
 * also, guestG, calibrationDue, lostToday, lostWeek, section}`; `also` are further products on the same plate. `units` is null where no fresh weight tells them.
 */
export function slotRows(layout, live, atMs, depletion) {
  const foretold = new Map(depletion.slots.map((entry) => [entry.slot_id, entry]));
  const states = new Map(shelfList(layout, live, atMs).rows.map((row) => [row.slot.id, row]));
  const sections = new Map(layout.sections.map((section) => [section.id, section.name]));
  return layout.slots.map((slot) => {
    const told = foretold.get(slot.id);
    const { state, units } = states.get(slot.id);
    const isGap = ["stale", "none", "unknown"].includes(state);
    return {
      slot,
      state,
      units: isGap ? null : (units ?? null),
      confidence: isGap ? null : (live.slots[slot.id]?.confidence ?? null),
      section: sections.get(slot.section) ?? slot.section,
      toEmptyH: told?.to_empty_h ?? null,
      toReorderH: told?.to_reorder_h ?? null,
      isDemandKnown: told?.is_demand_known ?? false,
      also: (told?.also ?? []).map((each) => ({ ...each, name: productName(slot, each.sku) })),
      guestG: isGap ? null : (told?.guest_g ?? null),
      calibrationDue: isGap ? null : (told?.calibration_due ?? null),
      lostToday: told?.lost_today ?? null,
      lostWeek: told?.lost_7d ?? null,
    };
  });
}

/** A further product of a row's plate, as a row of its own. */
function furtherRow(row, each) {
  const { sku, units, capacity_units, reorder_point_units } = each;
  const slot = { ...row.slot, product: { sku, name: each.name }, capacity_units, reorder_point_units };
  const isLow = units !== null && units <= reorder_point_units;
  return { ...row, slot, units, state: isLow ? "low" : "ok", toEmptyH: each.to_empty_h, also: [] };
}

/** The rows to restock, in walking order, each with `step` from 1 and `bring`, the units that fill it. */
export function restockRows(rows) {
  const every = rows.flatMap((row) => [row, ...row.also.map((each) => furtherRow(row, each))]);
  const bySlot = new Map(every.filter(needsRestock).map((row) => [row.slot, row]));
  return walkingOrder([...bySlot.keys()]).map((slot, index) => {
    const row = bySlot.get(slot);
    return { ...row, step: index + 1, bring: slot.capacity_units - row.units };
  });
}
