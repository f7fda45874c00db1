// Places on the floor in pixels of the drawing. Floor metres: x to the right, y downwards, as the plan is drawn.

const MARGIN_PX = 14;
const SMALL_PX_PER_M = 28;

/**
 * How the floor fits into `widthPx`, no higher than `maxHeightPx`: scale, size, whether marks must be small to leave
 * each other room, and a function for points.
 */
export function fitFloor(sizeM, widthPx, maxHeightPx) {
  const [widthM, heightM] = sizeM;
  const scale = Math.max(
    0.5,
    Math.min((widthPx - 2 * MARGIN_PX) / widthM, (maxHeightPx - 2 * MARGIN_PX) / heightM),
  );
  const offsetX = (widthPx - widthM * scale) / 2;
  return {
    scale,
    isSmall: scale < SMALL_PX_PER_M,
    widthPx,
    heightPx: heightM * scale + 2 * MARGIN_PX,
    toPx: ([xM, yM]) => [offsetX + xM * scale, MARGIN_PX + yM * scale],
  };
}

/** Points as the text of an SVG attribute. */
export const pointsText = (points) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

/** The centre of the area inside a polygon; the mean of its corners where it has no area. */
export function centroid(points) {
  let area = 0;
  let cx = 0;
  let cy = 0;
  for (let i = 0; i < points.length; i += 1) {
    const [x0, y0] = points[i];
    const [x1, y1] = points[(i + 1) % points.length];
    const cross = x0 * y1 - x1 * y0;
    area += cross;
    cx += (x0 + x1) * cross;
    cy += (y0 + y1) * cross;
  }
  if (Math.abs(area) < 1e-9) {
    const mean = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
    return [mean(0), mean(1)];
  }
  return [cx / (3 * area), cy / (3 * area)];
}

/** The width and height of the box around points. */
export function extent(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)];
}

/**
 * The arrow of a counting line's way in: from its middle, square to it, `lengthPx` long. Standing at the line's first
 * point and looking to its second, `inSide` is "left" or "right" (y grows downwards). Null if the side is not known.
 */
export function inArrow([x0, y0], [x1, y1], inSide, lengthPx) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if ((inSide !== "left" && inSide !== "right") || length < 1e-9) return null;
  const sign = inSide === "left" ? 1 : -1;
  const normal = [(sign * (y1 - y0)) / length, (-sign * (x1 - x0)) / length];
  const from = [(x0 + x1) / 2, (y0 + y1) / 2];
  return { from, to: [from[0] + normal[0] * lengthPx, from[1] + normal[1] * lengthPx], normal };
}

/** Shorten a label to what fits, or "" where not even a few letters do. */
export function fitText(text, widthPx, fontPx = 11) {
  const most = Math.floor(widthPx / (fontPx * 0.56));
  const letters = [...text];
  if (letters.length <= most) return text;
  return most < 4 ? "" : `${letters.slice(0, most - 1).join("").trimEnd()}…`;
}

/** Of places with a point, the nearest to `from` in a direction ("left", "right", "up", "down"); null if none is there. */
export function neighbour(places, from, direction) {
  const [ux, uy] = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[direction];
  let best = null;
  let bestCost = Infinity;
  for (const place of places) {
    if (place.key === from.key) continue;
    const dx = place.at[0] - from.at[0];
    const dy = place.at[1] - from.at[1];
    const along = dx * ux + dy * uy;
    const across = Math.abs(dx * uy - dy * ux);
    if (along <= 0.5 || across > along * 2.5 + 4) continue;
    const cost = along + 2 * across;
    if (cost < bestCost) {
      bestCost = cost;
      best = place;
    }
  }
  return best;
}
