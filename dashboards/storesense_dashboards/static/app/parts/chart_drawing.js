// What charts draw besides lines: hatched gaps, level steps, a target. Canvas only, no state.

/** Runs of steps in which no series has a value, as pairs of first and last index. */
export function gapRuns(series) {
  const columns = series.map(({ values, low }) => values ?? low);
  const [first = []] = columns;
  const isGap = (index) => columns.every((column) => (column[index] ?? null) === null);
  const nextNone = noneFinder(first);
  const runs = [];
  let i = nextNone(0);
  while (i >= 0) {
    const begin = i;
    while (i < first.length && isGap(i)) i += 1;
    if (i > begin) runs.push([begin, i - 1]);
    i = nextNone(i > begin ? i : i + 1);
  }
  return runs;
}

/** Gives a function from an index, never a lower one than before, to the next at which `values` has none, or -1. */
function noneFinder(values) {
  // Most steps have a value, and the engine's own search passes over them much faster than a loop.
  const next = [null, undefined].map((none) => ({ none, at: values.indexOf(none) }));
  return (from) => {
    for (const each of next) if (each.at >= 0 && each.at < from) each.at = values.indexOf(each.none, from);
    const found = next.map(({ at }) => at).filter((at) => at >= 0);
    return found.length ? Math.min(...found) : -1;
  };
}

const HATCH_PX = 7;
const hatches = new Map();

/** A pattern of diagonal lines, made once a colour and density: filling with it is much cheaper than clipping lines. */
function hatchPattern(colour, ratio) {
  const key = `${colour} ${ratio}`;
  let pattern = hatches.get(key);
  if (!pattern) {
    const tile = document.createElement("canvas");
    const side = (tile.width = tile.height = Math.max(2, Math.round(HATCH_PX * ratio)));
    const ctx = tile.getContext("2d");
    ctx.strokeStyle = colour;
    ctx.lineWidth = ratio;
    ctx.beginPath();
    for (const shift of [-side, 0, side]) {
      ctx.moveTo(shift, side);
      ctx.lineTo(shift + side, 0);
    }
    ctx.stroke();
    pattern = ctx.createPattern(tile, "repeat");
    hatches.set(key, pattern);
  }
  return pattern;
}

/** Hatch the gaps of `plot`: each from its first step's beginning to its last one's end. */
export function hatchGaps(plot, xs, runs, stepS, colour) {
  if (!runs.length) return;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = hatchPattern(colour, devicePixelRatio || 1);
  for (const [first, last] of runs) {
    const left = Math.max(bbox.left, plot.valToPos(xs[first], "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(xs[last] + stepS, "x", true));
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

/** A line that is level over each step and ends where nothing was measured. */
export function stepsPath(plot, index, stepS) {
  const [starts, values] = [plot.data[0], plot.data[index]];
  const stroke = new Path2D();
  let isOpen = false;
  for (let i = 0; i < starts.length; i += 1) {
    const value = values[i];
    if (value !== null && value !== undefined) {
      const y = plot.valToPos(value, "y", true);
      const left = plot.valToPos(starts[i], "x", true);
      if (isOpen) stroke.lineTo(left, y);
      else stroke.moveTo(left, y);
      stroke.lineTo(plot.valToPos(starts[i] + stepS, "x", true), y);
      isOpen = true;
    } else isOpen = false;
  }
  return { stroke, fill: null, clip: null, band: null, gaps: null, flags: 0 };
}

/** A dashed level line at `value`. */
export function drawLevel(plot, value, colour) {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(value, "y", true);
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = ratio;
  ctx.setLineDash([5 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
