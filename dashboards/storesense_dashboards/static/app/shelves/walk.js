// The order in which to walk the shelves with a crate: short ways, by where slots hang on the floor plan.

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

function nearestFirst(start, slots) {
  const rest = new Set(slots);
  const way = [start];
  rest.delete(start);
  while (rest.size) {
    const here = way.at(-1).at_m;
    let best = null;
    for (const slot of rest) {
      const metres = distance(here, slot.at_m);
      if (best === null || metres < best.metres) best = { slot, metres };
    }
    way.push(best.slot);
    rest.delete(best.slot);
  }
  return way;
}

/** How long the way past `slots` is, in metres as the crow flies. */
export const wayM = (slots) => slots.reduce((sum, slot, i) => sum + (i ? distance(slots[i - 1].at_m, slot.at_m) : 0), 0);

/** Turn pieces of the way round as long as that shortens it: crossings go, the beginning stays. */
function straightened(way) {
  for (let round = 0, isBetter = true; isBetter && round < 20; round += 1) {
    isBetter = false;
    for (let i = 1; i < way.length - 1; i += 1)
      for (let j = i + 1; j < way.length; j += 1) {
        const [a, b, c, d] = [way[i - 1].at_m, way[i].at_m, way[j].at_m, way[j + 1]?.at_m];
        const before = distance(a, b) + (d ? distance(c, d) : 0);
        const after = distance(a, c) + (d ? distance(b, d) : 0);
        if (after < before - 1e-9) {
          way.splice(i, j - i + 1, ...way.slice(i, j + 1).reverse());
          isBetter = true;
        }
      }
  }
  return way;
}

/**
 * Slots in walking order: one way past all that have a place (`at_m`), begun at the slot that is nearest to the corner of
 * the floor, so that the same slots give the same way; those without a place follow by section and name.
 */
export function walkingOrder(slots) {
  const placed = slots.filter((slot) => slot.at_m);
  const others = slots
    .filter((slot) => !slot.at_m)
    .sort((a, b) => a.section.localeCompare(b.section) || a.name.localeCompare(b.name, undefined, { numeric: true }));
  if (!placed.length) return others;
  const start = placed.reduce((best, slot) => (distance([0, 0], slot.at_m) < distance([0, 0], best.at_m) ? slot : best));
  return [...straightened(nearestFirst(start, placed)), ...others];
}
