// The plan as files: its cells as CSV, its picture as PNG.
import { saveCsv, savePng } from "../parts/download.js";
import { isDark, token } from "../theme.js";
import { centroid, fitFloor } from "./geometry.js";
import { drawHeat } from "./heat.js";

const WIDTH_PX = 1200;

/** Cells of a grid as CSV: where each has its corner, presence and rates, and the difference where there is one. */
export function saveHeatCsv(title, grid, view, columns) {
  const [x0, y0] = grid.origin_xy_m;
  const known = [
    [columns.x, (i) => x0 + (i % grid.columns) * grid.cell_size_m],
    [columns.y, (i) => y0 + Math.floor(i / grid.columns) * grid.cell_size_m],
    [columns.presence, (i) => grid.presence_s[i]],
  ];
  if (grid.watched_s) known.push([columns.watched, (i) => grid.watched_s[i]]);
  if (view) known.push([columns.rate, (i) => view.rates[i]]);
  if (view?.otherRates) known.push([columns.otherRate, (i) => view.otherRates[i]]);
  if (view?.changes) known.push([columns.change, (i) => view.changes[i]]);
  const rows = grid.presence_s.map((_, i) => known.map(([, value]) => value(i)));
  saveCsv(title, [known.map(([label]) => label), ...rows]);
}

/** The plan with its walls, zones, queues and lines, over the heat if it is shown. */
export function savePlanPng(title, layout, grid, isOn) {
  const fit = fitFloor(layout.floor.size_m, WIDTH_PX, WIDTH_PX);
  const canvas = document.createElement("canvas");
  const ratio = Math.min(3, devicePixelRatio || 1);
  drawHeat(canvas, isOn ? grid : null, fit, isDark());
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const path = (points, isClosed) => {
    context.beginPath();
    points.map(fit.toPx).forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    if (isClosed) context.closePath();
    context.stroke();
  };
  const [width, height] = layout.floor.size_m;
  context.lineWidth = 2.5;
  context.strokeStyle = token("--plan-wall");
  path([[0, 0], [width, 0], [width, height], [0, height]], true);
  for (const wall of layout.floor.walls) path(wall, false);
  context.lineWidth = 1.5;
  context.font = `14px ${token("--font")}`;
  context.textAlign = "center";
  for (const place of [...layout.zones, ...layout.queues].filter((each) => each.floor_m && !each.staff_only)) {
    context.strokeStyle = token("--plan-zone-edge");
    path(place.floor_m, true);
    const [x, y] = centroid(place.floor_m.map(fit.toPx));
    context.fillStyle = token("--text");
    context.fillText(place.name, x, y, 200);
  }
  context.strokeStyle = token("--accent");
  context.lineWidth = 4;
  for (const line of layout.lines.filter((each) => each.floor_m)) path(line.floor_m, false);
  savePng(title, canvas, { ground: token("--surface"), ink: token("--text"), font: token("--font") });
}
