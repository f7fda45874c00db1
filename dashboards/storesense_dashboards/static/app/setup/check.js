// What is drawn and cannot work, found while it is drawn: `{key, surface, code}` of the shape that it is about. Pure.
import { FLOOR, KINDS, pairsOf, pictureOf, pointsOn, shapesOn } from "./drawing.js";
import { area, covers, crossesItself, distance, liesOnALine } from "./plane.js";

const OUTSIDE_M = 1;
const LEAST = { floor: { line: 0.1, area: 0.01 }, picture: { line: 0.01, area: 1e-4 } };
const MAX_LETTERS = 120;
const LEAST_SIDE_M = 0.02;
const OVERLAP_M = 0.01;

function shapeProblem({ shape, points }, surface, size) {
  const least = LEAST[surface.kind];
  const slack = surface.kind === "floor" ? OUTSIDE_M : 0;
  const isOut = ([x, y]) => x < -slack || y < -slack || x > size[0] + slack || y > size[1] + slack;
  if (shape === "box" && points[0].some((from, axis) => points[1][axis] - from < LEAST_SIDE_M)) return "noArea";
  if (shape === "line" && distance(...points) < least.line) return "sameEnds";
  if (shape === "area" && crossesItself(points)) return "crossing";
  if (shape === "area" && area(points) < least.area) return "noArea";
  if (points.some(isOut)) return surface.kind === "floor" ? "offFloor" : "offPicture";
  return null;
}

/** All that cannot work. `floorSize` is the floor's width and depth in metres. */
export function problemsOf(drawing, floorSize) {
  const found = [];
  const surfaces = [FLOOR, ...drawing.cameras.map((view) => pictureOf(view.camera))];
  for (const surface of surfaces)
    for (const shape of shapesOn(drawing, surface)) {
      const code = shapeProblem(shape, surface, surface.kind === "floor" ? floorSize : [1, 1]);
      if (code) found.push({ key: shape.key, surface, code });
    }
  for (const [kind, { list }] of Object.entries(KINDS))
    for (const item of drawing[list]) {
      if (item.is_removed || (kind === "slot" && (item.name ?? null) === null)) continue;
      const letters = [...item.name.trim()].length;
      if (!letters || letters > MAX_LETTERS) found.push({ key: `${kind}:${item.id ?? item.slot}`, surface: FLOOR, code: "noName" });
    }
  found.push(...slotProblems(drawing));
  for (const view of drawing.cameras) {
    const surface = pictureOf(view.camera);
    const { image, floor } = pairsOf(drawing, view.camera);
    if (image.length) {
      const code = image.length < 4 ? "fewPairs" : liesOnALine(image) || liesOnALine(floor) ? "flatPairs" : null;
      if (code) found.push({ key: `pairs:${view.camera}`, surface, code });
    }
    for (const kind of ["line", "zone", "queue"])
      for (const each of view[KINDS[kind].list]) {
        const key = `${kind}:${each[kind]}`;
        if (each.image) continue;
        if (!pointsOn(drawing, FLOOR, key).length) found.push({ key, surface, code: "noPlace" });
        else if (!view.homography) found.push({ key, surface, code: "notMatched" });
      }
  }
  return found;
}

/** What slots hold, whether they lie in their shelf, and which lie over each other on one level. */
function slotProblems(drawing) {
  const found = [];
  const at = (item, code) => found.push({ key: `slot:${item.slot}`, surface: FLOOR, code });
  const slots = shapesOn(drawing, FLOOR)
    .filter(({ kind }) => kind === "slot")
    .map((shape) => ({ ...shape, item: drawing.slots.find((place) => place.slot === shape.id) }));
  for (const { item, points } of slots) {
    const shelf = drawing.shelves.find(({ id }) => id === item.shelf);
    const [[left, top], [right, bottom]] = [points[0], points.at(-1)];
    const [x, y] = [Math.min(OVERLAP_M, (right - left) / 2), Math.min(OVERLAP_M, (bottom - top) / 2)];
    const corners = [[left + x, top + y], [right - x, top + y], [right - x, bottom - y], [left + x, bottom - y]];
    if (shelf && !covers(shelf.floor_m, corners)) at(item, "offShelf");
    const { holds } = item;
    if (holds && !(Number.isInteger(holds.capacity_units) && Number.isInteger(holds.reorder_point_units) && 0 <= holds.reorder_point_units && holds.reorder_point_units < holds.capacity_units)) at(item, "badLimits");
  }
  const boxes = slots.filter(({ shape }) => shape === "box").sort((a, b) => a.points[0][0] - b.points[0][0]);
  boxes.forEach((one, i) => {
    for (const other of boxes.slice(i + 1)) {
      if (other.points[0][0] >= one.points[1][0] - OVERLAP_M) break;
      const deep = Math.min(one.points[1][1], other.points[1][1]) - Math.max(one.points[0][1], other.points[0][1]);
      if (deep > OVERLAP_M && one.item.level === other.item.level) [one, other].forEach(({ item }) => at(item, "overSlot"));
    }
  });
  return found;
}

/** What cannot work and is new: what was so in `held` already hinders nobody (a simulated camera needs no match). */
export function newProblems(drawing, held, floorSize) {
  const nameOf = ({ key, surface, code }) => `${key}|${surface.camera}|${code}`;
  const known = new Set(problemsOf(held, floorSize).map(nameOf));
  return problemsOf(drawing, floorSize).filter((problem) => !known.has(nameOf(problem)));
}

/** The problems of one shape, each code once. */
export const codesOf = (problems, key) => [...new Set(problems.filter((problem) => problem.key === key).map(({ code }) => code))];

