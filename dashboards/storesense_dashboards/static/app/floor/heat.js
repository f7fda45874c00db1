// The heat overlay: presence per floor cell, drawn smoothly onto a canvas under the plan.

// Hot stands out from the floor: darker on a light one, brighter on a dark one. As --heat-ramp in tokens.css.
const ON_LIGHT = [
  [0.0, [255, 205, 92, 0]],
  [0.25, [255, 186, 72, 0.22]],
  [0.6, [246, 118, 50, 0.58]],
  [1.0, [206, 32, 52, 0.85]],
];
const ON_DARK = [
  [0.0, [150, 40, 44, 0]],
  [0.25, [158, 46, 46, 0.34]],
  [0.6, [228, 98, 46, 0.62]],
  [1.0, [255, 208, 98, 0.88]],
];

/** The colour of `share` (0 to 1) of the scale as [red, green, blue, alpha]. */
export function heatColour(share, onDark = false) {
  const stops = onDark ? ON_DARK : ON_LIGHT;
  const x = Math.min(1, Math.max(0, share));
  const upper = Math.max(
    1,
    stops.findIndex(([stop]) => x <= stop),
  );
  const [x0, c0] = stops[upper - 1];
  const [x1, c1] = stops[upper];
  const f = (x - x0) / (x1 - x0);
  return c0.map((value, i) => value + (c1[i] - value) * f);
}

const LEAST_SCALE_S_PER_M2 = 10;

/**
 * The presence at which the scale of `grid` ends, in seconds per cell: the 98th percentile of the cells anybody was in,
 * so that one person who stood still does not make the rest of the floor look cold, and no less than ten seconds per
 * square metre, so that the first step into an empty store is no blaze. Null where nobody was.
 */
export function heatScaleS(grid) {
  const warm = grid.presence_s.filter((value) => value > 0).sort((a, b) => a - b);
  if (!warm.length) return null;
  return Math.max(warm[Math.min(warm.length - 1, Math.floor(warm.length * 0.98))], LEAST_SCALE_S_PER_M2 * grid.cell_size_m ** 2);
}

/** The colours of a grid of presence, cell by cell, up to the end of its scale. */
function presenceColours(grid, onDark) {
  const scaleS = grid.scaleS ?? heatScaleS(grid);
  if (scaleS === null) return null;
  // The power below one shows the many cool cells as well as the few hot ones.
  return (i) => heatColour((Math.max(0, grid.presence_s[i]) / scaleS) ** 0.75, onDark);
}

function heatImage(grid, colourAt) {
  const image = document.createElement("canvas");
  image.width = grid.columns;
  image.height = grid.rows;
  const context = image.getContext("2d");
  const pixels = context.createImageData(grid.columns, grid.rows);
  const cells = Math.min(grid.presence_s.length, grid.columns * grid.rows);
  for (let i = 0; i < cells; i += 1) {
    const [red, green, blue, alpha] = colourAt(i);
    pixels.data.set([red, green, blue, alpha * 255], i * 4);
  }
  context.putImageData(pixels, 0, 0);
  return image;
}

/**
 * Draw a heatmap (as the API gives it) onto `canvas` under a plan that was fitted with `fitFloor`. A grid may bring `colours`, a
 * function of whether it is dark that gives one of the cell's index, and `scaleS`, where its scale ends.
 */
export function drawHeat(canvas, grid, fit, onDark) {
  const ratio = Math.min(3, devicePixelRatio || 1);
  canvas.width = Math.round(fit.widthPx * ratio);
  canvas.height = Math.round(fit.heightPx * ratio);
  canvas.style.width = `${fit.widthPx}px`;
  canvas.style.height = `${fit.heightPx}px`;
  const colourAt = grid && (grid.colours ? grid.colours(onDark) : presenceColours(grid, onDark));
  if (!colourAt || !grid.columns || !grid.rows) return;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  // What a camera sees beyond the floor (the street) is no part of the store.
  const [left, top] = fit.toPx([0, 0]);
  context.beginPath();
  context.rect(left, top, fit.widthPx - 2 * left, fit.heightPx - 2 * top);
  context.clip();
  const [x, y] = fit.toPx(grid.origin_xy_m);
  const cellPx = grid.cell_size_m * fit.scale;
  context.drawImage(heatImage(grid, colourAt), x, y, grid.columns * cellPx, grid.rows * cellPx);
}
