// What is drawn and cannot work, found while it is drawn: `{key, surface, code}` of the shape that it is about. Pure.
import { FLOOR, KINDS, pairsOf, pictureOf, pointsOn, shapesOn } from "./drawing.js";
import { area, crossesItself, distance, liesOnALine } from "./plane.js";

const OUTSIDE_M = 1;
const LEAST = { floor: { line: 0.1, area: 0.01 }, picture: { line: 0.01, area: 1e-4 } };
const MAX_LETTERS = 120;

function shapeProblem({ shape, points }, surface, size) {
  const least = LEAST[surface.kind];
  const slack = surface.kind === "floor" ? OUTSIDE_M : 0;
  const isOut = ([x, y]) => x < -slack || y < -slack || x > size[0] + slack || y > size[1] + slack;
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
      if (kind === "slot") continue;
      const letters = [...item.name.trim()].length;
      if (!letters || letters > MAX_LETTERS) found.push({ key: `${kind}:${item.id}`, surface: FLOOR, code: "noName" });
    }
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

/** What cannot work and is new: what was so in `held` already hinders nobody (a simulated camera needs no match). */
export function newProblems(drawing, held, floorSize) {
  const nameOf = ({ key, surface, code }) => `${key}|${surface.camera}|${code}`;
  const known = new Set(problemsOf(held, floorSize).map(nameOf));
  return problemsOf(drawing, floorSize).filter((problem) => !known.has(nameOf(problem)));
}

/** The problems of one shape, each code once. */
export const codesOf = (problems, key) => [...new Set(problems.filter((problem) => problem.key === key).map(({ code }) => code))];

