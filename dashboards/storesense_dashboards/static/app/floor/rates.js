// Heat of times of any length, made comparable: seconds of presence on a square metre in an hour that was watched, and the
// difference of two such times. Pure functions over grids as the API gives them (with `watched_s`).

const LEAST_WATCHED_S = 30;
const LEAST_SCALE_S = 4;
/** Presence under which a cell's difference is pale: half a minute is a few people who passed. */
export const FAINT_BELOW_S = 120;

const LESS = { light: [28, 92, 190], dark: [104, 168, 255] };
const MORE = { light: [206, 72, 24], dark: [255, 148, 76] };

/** Each cell's sum with its eight neighbours': what somebody's place is known to. */
export function spreadOut(values, columns, rows) {
  const along = new Float64Array(values.length);
  const found = new Float64Array(values.length);
  for (let y = 0; y < rows; y += 1)
    for (let x = 0; x < columns; x += 1) {
      const i = y * columns + x;
      along[i] = values[i] + (x > 0 ? values[i - 1] : 0) + (x < columns - 1 ? values[i + 1] : 0);
    }
  for (let y = 0; y < rows; y += 1)
    for (let x = 0; x < columns; x += 1) {
      const i = y * columns + x;
      found[i] = along[i] + (y > 0 ? along[i - columns] : 0) + (y < rows - 1 ? along[i + columns] : 0);
    }
  return found;
}

/** Seconds of presence on a square metre in a watched hour, by cell; null where it was not watched. */
export function ratesOf(grid) {
  const area = grid.cell_size_m ** 2;
  return grid.presence_s.map((presence, i) => {
    const watched = grid.watched_s?.[i] ?? 0;
    return watched < LEAST_WATCHED_S ? null : (presence / watched) * (3600 / area);
  });
}

function percentile(values, share) {
  if (!values.length) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** The end of a scale that shows all of `rates`: the 98th percentile of the cells anybody was in; null where nobody was. */
export function rateScaleS(...rates) {
  const warm = rates.flatMap((cells) => cells.filter((rate) => rate !== null && rate > 0));
  return warm.length ? Math.max(LEAST_SCALE_S, percentile(warm, 0.98)) : null;
}

/** A grid of rates to be drawn on a scale that ends at `scaleS`. */
export const rateGrid = (grid, rates, scaleS) => ({ ...grid, presence_s: rates.map((rate) => rate ?? 0), scaleS });

/** The share of cells that were watched at all, 0 to 1. */
export function watchedShare(grid) {
  const cells = grid.watched_s ?? [];
  return cells.length ? cells.filter((seconds) => seconds >= LEAST_WATCHED_S).length / cells.length : 0;
}

/**
 * How much more (or less) there was in `later` than in `earlier`, two grids of the same cells: `{changes, weights, scaleS}`, changes
 * in seconds on a square metre in a watched hour (null where one of them was not watched), over each cell with its
 * neighbours; weights 0 to 1, less than one where fewer than `FAINT_BELOW_S` of presence speak for it. The scale ends at
 * the same amount on both sides.
 */
export function difference(later, earlier) {
  const { columns, rows } = later;
  const area = later.cell_size_m ** 2;
  const [presentA, presentB, watchedA, watchedB] = [later.presence_s, earlier.presence_s, later.watched_s, earlier.watched_s].map(
    (values) => spreadOut(values, columns, rows),
  );
  const changes = new Array(presentA.length);
  const weights = new Array(presentA.length);
  for (let i = 0; i < presentA.length; i += 1) {
    const isKnown = watchedA[i] >= LEAST_WATCHED_S && watchedB[i] >= LEAST_WATCHED_S;
    changes[i] = isKnown ? (presentA[i] / watchedA[i] - presentB[i] / watchedB[i]) * (3600 / area) : null;
    weights[i] = isKnown ? Math.min(1, (presentA[i] + presentB[i]) / FAINT_BELOW_S) ** 1.5 : 0;
  }
  const solid = changes.filter((change, i) => change !== null && weights[i] >= 1).map(Math.abs);
  return { changes, weights, scaleS: solid.length ? Math.max(LEAST_SCALE_S, percentile(solid, 0.98)) : null };
}

/** The colour of a change as [red, green, blue, alpha]. */
export function changeColour(change, weight, scaleS, onDark) {
  if (change === null || !scaleS) return [0, 0, 0, 0];
  const share = Math.min(1, Math.abs(change) / scaleS);
  const [red, green, blue] = (change < 0 ? LESS : MORE)[onDark ? "dark" : "light"];
  return [red, green, blue, 0.88 * share ** 0.8 * weight];
}

/** The difference as a grid to be drawn. */
export function changeGrid(grid, { changes, weights, scaleS }) {
  return { ...grid, colours: (onDark) => (i) => changeColour(changes[i], weights[i], scaleS, onDark) };
}
