// Names beside what is drawn: where each stands, and which are left out because they would lie over another. Pure.
const MAX_LETTERS = 28;
const LETTER_PX = 7;
const WIDE_LETTER_PX = 12;
const HEIGHT_PX = 14;
const WIDE = /[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uff00-\uff60]/u;

/** A name as it stands on the plan; the panel and the list have the whole of it. */
export function shortName(name) {
  const letters = [...name];
  return letters.length > MAX_LETTERS ? `${letters.slice(0, MAX_LETTERS - 1).join("")}…` : name;
}

/** Where a shape's name stands, above its highest point: attributes of a text. */
export function labelAt(px, fit) {
  const top = px.reduce((best, at) => (at[1] < best[1] ? at : best));
  const x = Math.min(fit.fullPx[0] - 8, Math.max(8, top[0]));
  return { x, y: Math.max(12, top[1] - 12), "text-anchor": x > fit.fullPx[0] * 0.7 ? "end" : x < fit.fullPx[0] * 0.3 ? "start" : "middle" };
}

function boxOf(name, { x, y, "text-anchor": anchor }) {
  const width = [...shortName(name)].reduce((sum, letter) => sum + (WIDE.test(letter) ? WIDE_LETTER_PX : LETTER_PX), 0);
  const left = anchor === "end" ? x - width : anchor === "start" ? x : x - width / 2;
  return { left, right: left + width, top: y - HEIGHT_PX, bottom: y };
}

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** The keys of the shapes whose names find room: the first come first, and `selected` always does. */
export function namedKeys(shapes, selected, fit) {
  const taken = [];
  const named = new Set();
  const first = [...shapes].sort((a, b) => (b.key === selected) - (a.key === selected));
  for (const { key, name, points } of first) {
    const box = boxOf(name, labelAt(points.map(fit.toPx), fit));
    if (taken.some((other) => overlap(box, other))) continue;
    taken.push(box);
    named.add(key);
  }
  return named;
}
