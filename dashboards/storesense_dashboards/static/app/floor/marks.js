// How each kind of place is drawn on the plan. States differ in shape as well as in colour.
import { laneState, slotState } from "../figures.js";
import { durationText, numberText } from "../format.js";
import { t } from "../i18n/index.js";
import { html } from "../ui.js";
import { freshnessOf, readingOf } from "./describe.js";
import { extent, fitText, pointsText } from "./geometry.js";

function zoneMark({ points, place, state, reading, fit }) {
  const [width, height] = extent(points);
  const left = Math.min(...points.map(([x]) => x));
  const top = Math.min(...points.map(([, y]) => y));
  const value = state === "fresh" ? numberText(reading.occupancy) : "?";
  const valuePx = value.length * 8.5;
  if (fit.isSmall) return smallZone({ points, left, top, value });
  const name = height > 34 ? fitText(place.name, width - valuePx - 44, 12) : "";
  const pillPx = Math.max(28, valuePx + (name ? [...name].length * 7 + 6 : 0) + 18);
  // The label sits on the upper edge, as a box's legend does, where it hides little of what is inside.
  return html`
    <polygon class="zone-area" points=${pointsText(points)} />
    <rect class="zone-pill" x=${left + 6} y=${top - 11} width=${pillPx} height="22" rx="11" />
    <text class="zone-label" x=${left + 6 + pillPx / 2} y=${top + 4.5} text-anchor="middle">
      ${name && html`<tspan class="zone-name">${name}</tspan>${" "}`}
      <tspan class="zone-count">${value}</tspan>
    </text>
  `;
}

/** Where there is no room for a label on the edge, the bare number stands in the corner. */
function smallZone({ points, left, top, value }) {
  const pillPx = 10 + value.length * 7;
  return html`
    <polygon class="zone-area" points=${pointsText(points)} />
    <rect class="zone-pill" x=${left + 3} y=${top + 3} width=${pillPx} height="16" rx="8" />
    <text class="zone-label" x=${left + 3 + pillPx / 2} y=${top + 15} text-anchor="middle">
      <tspan class="zone-count">${value}</tspan>
    </text>
  `;
}

/** The wait under a queue's number, if there is one and room for it. It only repeats what the place's name says. */
function queueLabel({ points, at: [x, y], state, reading }) {
  const [areaWidth, areaHeight] = extent(points);
  if (state !== "fresh" || !reading.length || areaWidth < 60 || areaHeight < 62) return null;
  return html`<text class="small-label" x=${x} y=${y + 25} text-anchor="middle">${durationText(reading.longest_wait_s)}</text>`;
}

function queueMark({ points, at, state, reading, fit }) {
  const [x, y] = at;
  const value = state === "fresh" ? numberText(reading.length) : "?";
  if (fit.isSmall) {
    const chipPx = 12 + value.length * 8;
    return html`
      <polygon class="queue-area" points=${pointsText(points)} />
      <rect class="chip" x=${x - chipPx / 2} y=${y - 10} width=${chipPx} height="20" rx="10" />
      <text class="chip-text" x=${x} y=${y + 4.5} text-anchor="middle">${value}</text>
    `;
  }
  const width = 24 + value.length * 9;
  return html`
    <polygon class="queue-area" points=${pointsText(points)} />
    <rect class="chip" x=${x - width / 2} y=${y - 12} width=${width} height="24" rx="12" />
    <path class="chip-icon" transform="translate(${x - width / 2 + 5} ${y - 7})" d="M5 6.2a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2ZM.6 13c0-3 1.8-5 4.4-5s4.4 2 4.4 5Z" />
    <text class="chip-text" x=${x + 7} y=${y + 5} text-anchor="middle">${value}</text>
  `;
}

function lineMark({ points, arrow, at, state, reading, fit }) {
  const [[x0, y0], [x1, y1]] = points;
  const label = state !== "none" ? t.floor.inCount(numberText(reading.in_count)) : "?";
  const normal = arrow?.normal ?? [0, -1];
  const [lx, ly, anchor] = arrow
    ? besideArrow(arrow, label.length * 7, fit)
    : lineLabelPlace(points, at, normal, label.length * 7, fit);
  return html`
    <line class="line-stroke" x1=${x0} y1=${y0} x2=${x1} y2=${y1} />
    <circle class="line-end" cx=${x0} cy=${y0} r="3.5" />
    <circle class="line-end" cx=${x1} cy=${y1} r="3.5" />
    ${arrow &&
    html`<g class="line-arrow">
      <line x1=${arrow.from[0]} y1=${arrow.from[1]} x2=${arrow.to[0]} y2=${arrow.to[1]} />
      <polygon points=${arrowHead(arrow)} />
    </g>`}
    <text class="line-label" x=${lx} y=${ly + 4} text-anchor=${anchor}>${label}</text>
  `;
}

/** Where the label of a line without an arrow stands: beside it, or above it where the drawing ends there. */
function lineLabelPlace(points, at, normal, widthPx, fit) {
  const [x, y] = [at[0] - normal[0] * 14, at[1] - normal[1] * 14];
  const anchor = normal[0] > 0.5 ? "end" : normal[0] < -0.5 ? "start" : "middle";
  const left = { end: x - widthPx, start: x, middle: x - widthPx / 2 }[anchor];
  if (left >= 2 && left + widthPx <= fit.widthPx - 2 && y > 10 && y < fit.heightPx - 8) return [x, y, anchor];
  const top = Math.min(...points.map((point) => point[1]));
  const within = Math.min(Math.max(at[0], widthPx / 2 + 4), fit.widthPx - widthPx / 2 - 4);
  return [within, Math.max(14, top - 14), "middle"];
}

/** The label stands beside the arrow, where it keeps off the edges and labels of zones. */
function besideArrow({ from, to, normal }, widthPx, fit) {
  const isUpright = Math.abs(normal[1]) > 0.5;
  const [x, y] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  if (!isUpright) return [x, y - 12, "middle"];
  const hasRoom = x + 9 + widthPx < fit.widthPx - 4;
  return hasRoom ? [x + 9, y, "start"] : [x - 9, y, "end"];
}

function arrowHead({ to: [x, y], normal: [nx, ny] }) {
  const [sx, sy] = [-ny, nx];
  return pointsText([
    [x + nx * 5, y + ny * 5],
    [x - nx * 4 + sx * 5.5, y - ny * 4 + sy * 5.5],
    [x - nx * 4 - sx * 5.5, y - ny * 4 - sy * 5.5],
  ]);
}

const LANE_GLYPHS = {
  open: "M0 -4.6a2 2 0 1 1 0 4 2 2 0 0 1 0-4ZM-4 5c0-3 1.7-4.4 4-4.4S4 2 4 5Z",
  unstaffed: "M-1.2 -5h2.4l-.4 6h-1.6ZM0 2.6a1.3 1.3 0 1 1 0 2.6 1.3 1.3 0 0 1 0-2.6Z",
  closed: "M-4 -1.1h8v2.2h-8Z",
};
const UNKNOWN_GLYPH =
  "M-2.9 -2.2c0-1.9 1.2-3 3-3s3 1.1 3 2.8c0 1.3-.7 2-1.5 2.6-.6.4-.7.7-.7 1.4h-1.8c0-1.5.5-2 1.2-2.6.7-.5 1-.8 1-1.4 0-.7-.5-1.1-1.2-1.1-.8 0-1.2.5-1.2 1.3ZM0 2.8a1.2 1.2 0 1 1 0 2.4 1.2 1.2 0 0 1 0-2.4Z";

function laneMark({ at: [x, y], place, laneWord, laneLabelWidth, fit }) {
  const name = fitText(place.name, laneLabelWidth, 10);
  const half = fit.isSmall ? 8 : 10;
  return html`
    <rect class="hit" x=${x - 12} y=${y - 12} width="24" height="24" />
    <rect class="lane-box lane-${laneWord}" x=${x - half} y=${y - half} width=${2 * half} height=${2 * half} rx=${half / 2} />
    <path class="lane-glyph lane-${laneWord}" transform="translate(${x} ${y}) scale(${half / 10})" d=${LANE_GLYPHS[laneWord] ?? UNKNOWN_GLYPH} />
    ${name && html`<text class="small-label" x=${x} y=${y + 22} text-anchor="middle">${name}</text>`}
  `;
}

function slotMark({ at: [x, y], slot, fit }) {
  const needs = slot.state === "low" || slot.state === "empty";
  const size = fit.isSmall ? 0.75 : Math.min(1.5, Math.max(1, fit.scale / 28));
  const [w, h] = (needs ? [14, 18] : [10, 14]).map((px) => px * size);
  const filled = slot.fill === null ? 0 : Math.max(slot.fill > 0 ? 2 : 0, (h - 2) * slot.fill);
  return html`
    <rect class="hit" x=${x - 12} y=${y - 12} width="24" height="24" />
    <rect class="slot-box slot-${slot.state}" x=${x - w / 2} y=${y - h / 2} width=${w} height=${h} rx="2.5" />
    ${filled > 0 &&
    html`<rect
      class="slot-fill slot-${slot.state}"
      x=${x - w / 2 + 1}
      y=${y + h / 2 - 1 - filled}
      width=${w - 2}
      height=${filled}
      rx="1.5"
    />`}
    ${(slot.fill === null || slot.state === "none") &&
    html`<text class="slot-question" x=${x} y=${y + 4} text-anchor="middle">${slot.state === "settling" ? "…" : "?"}</text>`}
  `;
}

function sensorMark({ at: [x, y], state, reading, fit }) {
  const value = state === "fresh" && reading.temperature_c != null ? `${numberText(reading.temperature_c)}°` : "?";
  if (fit.isSmall) {
    const pillPx = 8 + value.length * 6.5;
    return html`
      <rect class="sensor-pill" x=${x - pillPx / 2} y=${y - 8} width=${pillPx} height="16" rx="8" />
      <text class="sensor-text" x=${x} y=${y + 4} text-anchor="middle">${value}</text>
    `;
  }
  const width = 20 + value.length * 6.5;
  return html`
    <rect class="sensor-pill" x=${x - width / 2} y=${y - 10} width=${width} height="20" rx="10" />
    <path class="sensor-icon" transform="translate(${x - width / 2 + 6} ${y - 6})" d="M3 7.2V2a1.6 1.6 0 0 1 3.2 0v5.2a2.8 2.8 0 1 1-3.2 0Z" />
    <text class="sensor-text" x=${x + 6} y=${y + 4} text-anchor="middle">${value}</text>
  `;
}

const DEVICE_GLYPHS = {
  camera: "M-5 -2.6h6.4v5.2h-6.4ZM1.4 -.6 5 -2.4v4.8L1.4 .6Z",
  shelf: "M-4.6 -4.4v8.8M4.6 -4.4v8.8M-4.6 -.6h9.2M-4.6 3.4h9.2",
  lane: "M-4.6 -3.4h9.2v6.8h-9.2ZM-4.6 -.6h9.2",
  environment: "M-1.4 1V-3.6a1.4 1.4 0 0 1 2.8 0V1a2.4 2.4 0 1 1-2.8 0Z",
};

/** A device is square and small, and says by its edge whether it is there. */
function deviceMark({ at: [x, y], place, isOnline }) {
  return html`
    <rect class="hit" x=${x - 12} y=${y - 12} width="24" height="24" />
    <rect class=${isOnline ? "device-box" : "device-box is-offline"} x=${x - 8} y=${y - 8} width="16" height="16" rx="4" />
    <path class=${isOnline ? "device-glyph" : "device-glyph is-offline"} transform="translate(${x} ${y})" d=${DEVICE_GLYPHS[place.kind] ?? DEVICE_GLYPHS.lane} />
  `;
}

const MARKS = {
  zone: zoneMark,
  queue: queueMark,
  line: lineMark,
  lane: laneMark,
  slot: slotMark,
  sensor: sensorMark,
};

/** The drawing of one placed item, its state as a class name, and a label that lies above all drawings. */
export function markOf(item, { live, atMs, laneLabelWidth, fit }) {
  if (item.kind === "device") {
    const isOnline = live.devices[item.id]?.state === "online";
    return { state: isOnline ? "fresh" : "stale", content: deviceMark({ ...item, isOnline }), label: null };
  }
  const reading = readingOf(live, item);
  const { state } = freshnessOf(live, item, atMs);
  const extra = { fit };
  if (item.kind === "lane") {
    extra.laneWord = laneState(reading, atMs, item.place).state;
    extra.laneLabelWidth = laneLabelWidth;
  }
  if (item.kind === "slot") extra.slot = slotState(item.place, reading, atMs);
  const facts = { ...item, ...extra, state, reading };
  return { state, content: MARKS[item.kind](facts), label: item.kind === "queue" ? queueLabel(facts) : null };
}
