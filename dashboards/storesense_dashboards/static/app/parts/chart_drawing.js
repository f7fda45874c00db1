// What charts draw besides lines: hatched gaps, level steps, a target. Canvas only, no state.

/** Runs of steps in which no series has a value, as pairs of first and last index. */
export function gapRuns(series) {
  const runs = [];
  const columns = series.map(({ values, low }) => values ?? low);
  const count = columns[0]?.length ?? 0;
  let first = -1;
  for (let i = 0; i < count; i += 1) {
    let isGap = true;
    for (let c = 0; c < columns.length; c += 1)
      if (columns[c][i] !== null && columns[c][i] !== undefined) {
        isGap = false;
        break;
      }
    if (isGap && first < 0) first = i;
    else if (!isGap && first >= 0) {
      runs.push([first, i - 1]);
      first = -1;
    }
  }
  if (first >= 0) runs.push([first, count - 1]);
  return runs;
}

/** Hatch the gaps of `plot`: each from its first step's beginning to its last one's end. */
export function hatchGaps(plot, xs, runs, stepS, colour) {
  if (!runs.length) return;
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  for (const [first, last] of runs) {
    const left = Math.max(bbox.left, plot.valToPos(xs[first], "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(xs[last] + stepS, "x", true));
    if (right > left) ctx.rect(left, bbox.top, right - left, bbox.height);
  }
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = ratio;
  ctx.beginPath();
  for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += 7 * ratio) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
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
