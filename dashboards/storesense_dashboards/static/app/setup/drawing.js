// A drawing, and what can be done to it. Pure: each function gives a new drawing and leaves the old one as it was.

/** The kinds in the order in which they are listed: the drawing's list, and how many points a shape has. */
export const KINDS = Object.freeze({
  line: { list: "lines", shape: "line" },
  zone: { list: "zones", shape: "area" },
  queue: { list: "queues", shape: "area" },
  lane: { list: "lanes", shape: "point" },
  shelf: { list: "shelves", shape: "area" },
  slot: { list: "slots", shape: "point" },
});

/** A slot's place with a size is a box, told by two of its corners; one without is a point. */
const shapeOf = (kind, item) => (kind === "slot" && item.size_m ? "box" : KINDS[kind].shape);

/** The half centimetres of a box's middle stay, so that its edges do. */
const toMm = (value) => Math.round(value * 1000) / 1000;

const cornersOf = ({ at_m: [x, y], size_m: [width, depth] }) => [
  [toMm(x - width / 2), toMm(y - depth / 2)],
  [toMm(x + width / 2), toMm(y + depth / 2)],
];

const boxOf = ([[ax, ay], [bx, by]]) => ({
  at_m: [toMm((ax + bx) / 2), toMm((ay + by) / 2)],
  size_m: [toMm(Math.abs(bx - ax)), toMm(Math.abs(by - ay))],
});

/** What is drawn of a list: slots that were taken away are kept there, and not shown. */
const shown = (drawing, list) => (drawing[list] ?? []).filter((item) => !item.is_removed);

/** The surface of the floor plan; a camera's picture is `pictureOf(id)`. */
export const FLOOR = Object.freeze({ kind: "floor", camera: null });
export const pictureOf = (camera) => ({ kind: "picture", camera });

export const keyOf = (kind, id) => `${kind}:${id}`;
export const partsOf = (key) => [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];

const idOf = (kind, item) => (kind === "slot" ? item.slot : item.id);

export function itemOf(drawing, key) {
  const [kind, id] = partsOf(key);
  return shown(drawing, KINDS[kind].list).find((item) => idOf(kind, item) === id) ?? null;
}

export const viewOf = (drawing, camera) => drawing.cameras.find((view) => view.camera === camera) ?? null;

const seenIn = (view, kind, id) => view?.[KINDS[kind].list]?.find((each) => each[kind] === id) ?? null;

/** The camera that measures a line, zone or queue; null where none does. */
export function cameraOf(drawing, key) {
  const [kind, id] = partsOf(key);
  return drawing.cameras.find((view) => seenIn(view, kind, id))?.camera ?? null;
}

/** The camera that measures what lies nearest to an item on the floor plan; null where nothing there is measured. */
export function nearestCamera(drawing, key) {
  const middle = (points) => [0, 1].map((axis) => points.reduce((sum, at) => sum + at[axis], 0) / points.length);
  const shapes = shapesOn(drawing, FLOOR);
  const own = shapes.find((shape) => shape.key === key);
  if (!own) return null;
  const from = middle(own.points);
  let nearest = { camera: null, away: Infinity };
  for (const shape of shapes) {
    const camera = MEASURED.has(shape.kind) && shape.key !== key ? cameraOf(drawing, shape.key) : null;
    if (camera === null) continue;
    const at = middle(shape.points);
    const away = Math.hypot(at[0] - from[0], at[1] - from[1]);
    if (away < nearest.away) nearest = { camera, away };
  }
  return nearest.camera;
}

function floorPoints(kind, item) {
  if (kind === "lane") return item.till_m ? [item.till_m, ...item.served_m] : item.served_m;
  if (kind === "slot" && item.at_m && item.size_m) return cornersOf(item);
  if (kind === "slot") return item.at_m ? [item.at_m] : [];
  return item.floor_m ?? [];
}

/** The points of an item on a surface; none where it is not drawn there. */
export function pointsOn(drawing, surface, key) {
  const [kind, id] = partsOf(key);
  if (surface.kind === "floor") return floorPoints(kind, itemOf(drawing, key) ?? {});
  return seenIn(viewOf(drawing, surface.camera), kind, id)?.image ?? [];
}

/** Which side of a line is in, on a surface. */
export function inSideOn(drawing, surface, key) {
  const [kind, id] = partsOf(key);
  if (surface.kind === "floor") return itemOf(drawing, key)?.in_side ?? null;
  return seenIn(viewOf(drawing, surface.camera), kind, id)?.in_side ?? null;
}

/** Everything that is drawn on a surface: `{key, kind, id, name, shape, points, inSide}`. */
export function shapesOn(drawing, surface, names = {}) {
  return Object.entries(KINDS).flatMap(([kind, { list }]) =>
    shown(drawing, list)
      .map((item) => {
        const key = keyOf(kind, idOf(kind, item));
        const points = pointsOn(drawing, surface, key);
        const name = item.name ?? names[item.slot] ?? item.slot;
        return { key, kind, id: idOf(kind, item), name, shape: shapeOf(kind, item), points, inSide: kind === "line" ? inSideOn(drawing, surface, key) : null };
      })
      .filter(({ points }) => points.length > 0),
  );
}

/** All items, drawn or not: `{key, kind, name}`. */
export const itemsOf = (drawing, names = {}) =>
  Object.entries(KINDS).flatMap(([kind, { list }]) =>
    shown(drawing, list).map((item) => ({ key: keyOf(kind, idOf(kind, item)), kind, name: item.name ?? names[item.slot] ?? item.slot })),
  );

/** The drawing with another item, `change` being what is new of it. */
export function withItem(drawing, key, change) {
  const [kind, id] = partsOf(key);
  const { list } = KINDS[kind];
  return { ...drawing, [list]: drawing[list].map((item) => (idOf(kind, item) === id ? { ...item, ...change } : item)) };
}

function withSeen(drawing, camera, key, change) {
  const [kind, id] = partsOf(key);
  const { list } = KINDS[kind];
  const known = drawing.cameras.some((view) => view.camera === camera);
  const cameras = known ? drawing.cameras : [...drawing.cameras, emptyView(camera)];
  return {
    ...drawing,
    cameras: cameras.map((view) => {
      if (view.camera !== camera) return view;
      const old = seenIn(view, kind, id);
      const fresh = { ...(old ?? blank(kind, id)), ...change };
      return { ...view, [list]: old ? view[list].map((each) => (each === old ? fresh : each)) : [...view[list], fresh] };
    }),
  };
}

const MEASURED = new Set(["line", "zone", "queue"]);

const emptyView = (camera) => ({ camera, homography: null, lines: [], zones: [], queues: [] });
const blank = (kind, id) =>
  ({ line: { line: id, image: null, in_side: null }, zone: { zone: id, image: null }, queue: { queue: id, image: null, till_image: null } })[kind];

/** The drawing with other points of an item on a surface. */
export function withPoints(drawing, surface, key, points) {
  const [kind] = partsOf(key);
  if (surface.kind === "picture") {
    const side = kind === "line" ? { in_side: inSideOn(drawing, surface, key) ?? "left" } : {};
    return withSeen(drawing, surface.camera, key, { image: points, ...side });
  }
  if (kind === "slot") return withItem(drawing, key, points.length > 1 ? boxOf(points) : { at_m: points[0] });
  if (kind === "lane") return withItem(drawing, key, { till_m: points[0], served_m: points.slice(1) });
  const side = kind === "line" ? { in_side: itemOf(drawing, key).in_side ?? "left" } : {};
  return withItem(drawing, key, { floor_m: points, ...side });
}

export function withInSide(drawing, surface, key, inSide) {
  if (surface.kind === "floor") return withItem(drawing, key, { in_side: inSide });
  return withSeen(drawing, surface.camera, key, { in_side: inSide });
}

/** The drawing in which `camera` (or none: null) measures an item; what the others saw of it is gone. */
export function measuredBy(drawing, key, camera) {
  const [kind, id] = partsOf(key);
  const { list } = KINDS[kind];
  const cameras = drawing.cameras.map((view) =>
    view.camera === camera || !seenIn(view, kind, id) ? view : { ...view, [list]: view[list].filter((each) => each[kind] !== id) },
  );
  const without = { ...drawing, cameras };
  return camera === null || seenIn(viewOf(without, camera), kind, id) ? without : withSeen(without, camera, key, {});
}

/**
 * The drawing without an item; queues forget a lane that is gone, slots a shelf. A slot that `held` has is marked as taken
 * away, so that it can be brought back; one that was never saved is forgotten.
 */
export function without(drawing, key, held) {
  const [kind, id] = partsOf(key);
  const { list } = KINDS[kind];
  if (kind === "slot" && held.slots.some((place) => place.slot === id)) return withItem(drawing, key, { is_removed: true });
  const unseen = MEASURED.has(kind) ? measuredBy(drawing, key, null) : drawing;
  const rest = { ...unseen, [list]: unseen[list].filter((item) => idOf(kind, item) !== id) };
  if (kind === "shelf") return { ...rest, slots: rest.slots.map((place) => (place.shelf === id ? { ...place, shelf: null } : place)) };
  if (kind !== "lane") return rest;
  return { ...rest, queues: rest.queues.map((queue) => ({ ...queue, lanes: queue.lanes.filter((lane) => lane !== id) })) };
}

/** How wide and deep a new slot is. */
const NEW_SLOT_M = Object.freeze([1, 0.5]);

/** The drawing in which a slot has a size, or only a place. */
export const withSize = (drawing, key, hasSize) => withItem(drawing, key, { size_m: hasSize ? [...NEW_SLOT_M] : null });

/** A new item of a kind in the middle of a surface of `size`: `{drawing, key}`. `section` is what a queue belongs to. */
export function withNew(drawing, kind, surface, size, { name, section }) {
  const { list, shape } = KINDS[kind];
  let number = drawing[list].length + 1;
  while (drawing[list].some((item) => (item.id ?? item.slot) === `${kind}-${number}`)) number += 1;
  const id = `${kind}-${number}`;
  const key = keyOf(kind, id);
  const item = {
    line: { id, name: name(number), is_entrance: false, floor_m: null, in_side: null },
    zone: { id, name: name(number), staff_only: false, floor_m: null },
    queue: { id, name: name(number), section, lanes: [], floor_m: null },
    lane: { id, name: name(number), kind: "staffed", till_m: null, served_m: [] },
    shelf: { id, name: name(number), floor_m: [] },
    slot: { slot: id, name: name(number), section, at_m: null, size_m: NEW_SLOT_M, level: null, shelf: null, device: null, holds: null },
  }[kind];
  const [width, height] = size;
  const at = ([x, y]) => [rounded(width * x, surface), rounded(height * y, surface)];
  const points = {
    line: [[0.4, 0.5], [0.6, 0.5]],
    area: [[0.42, 0.4], [0.58, 0.4], [0.58, 0.6], [0.42, 0.6]],
    point: [[0.5, 0.5]],
  }[shape].map(at);
  if (kind === "slot") points.splice(0, 1, ...cornersOf({ at_m: points[0], size_m: NEW_SLOT_M }));
  return { drawing: withPoints({ ...drawing, [list]: [...drawing[list], item] }, surface, key, points), key };
}

/** A coordinate as it is kept: centimetres on the floor, tenths of a per cent in the picture. */
export const rounded = (value, surface) => (surface.kind === "floor" ? Math.round(value * 100) / 100 : Math.round(value * 1000) / 1000);

/** The pairs that match a camera's picture with the floor: `{image, floor}` lists of the same length. */
export function pairsOf(drawing, camera) {
  const homography = viewOf(drawing, camera)?.homography;
  return { image: homography?.image ?? [], floor: homography?.floor_m ?? [] };
}

export function withPairs(drawing, camera, { image, floor }) {
  const known = viewOf(drawing, camera) ? drawing.cameras : [...drawing.cameras, emptyView(camera)];
  const homography = image.length ? { image, floor_m: floor } : null;
  return { ...drawing, cameras: known.map((view) => (view.camera === camera ? { ...view, homography } : view)) };
}

/**
 * The drawing in which what was drawn in a camera's picture alone has its place on the floor plan too, as far as it lies
 * there; `toFloor` maps a point, null beyond the horizon. Which side of a line is in is the same in both.
 */
export function placedOnFloor(drawing, camera, toFloor, [width, depth]) {
  const isOnPlan = (at) => at && at[0] >= 0 && at[1] >= 0 && at[0] <= width && at[1] <= depth;
  let placed = drawing;
  for (const kind of ["line", "zone", "queue"])
    for (const seen of viewOf(drawing, camera)?.[KINDS[kind].list] ?? []) {
      const key = keyOf(kind, seen[kind]);
      if (!seen.image || pointsOn(drawing, FLOOR, key).length) continue;
      const points = seen.image.map(toFloor);
      if (!points.every(isOnPlan)) continue;
      const change = { floor_m: points.map((at) => at.map((value) => rounded(value, FLOOR))) };
      placed = withItem(placed, key, kind === "line" ? { ...change, in_side: seen.in_side } : change);
    }
  return placed;
}
