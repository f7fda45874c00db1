// A line as high as a word, to show where a figure comes from. Gaps stay gaps; one day alone is a dot.
import { t } from "../i18n/index.js";
import { html } from "../ui.js";

const WIDTH = 96;
const HEIGHT = 24;
const EDGE = 2;

/** The pieces between gaps, as lists of [x, y] within WIDTH by HEIGHT; nothing where no value is known. */
export function sparkPieces(values) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return [];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const x = (index) => EDGE + (index / Math.max(1, values.length - 1)) * (WIDTH - 2 * EDGE);
  const y = (value) => (high === low ? HEIGHT / 2 : EDGE + (1 - (value - low) / (high - low)) * (HEIGHT - 2 * EDGE));
  const pieces = [[]];
  values.forEach((value, index) => {
    if (value !== null) pieces.at(-1).push([x(index), y(value)]);
    else if (pieces.at(-1).length) pieces.push([]);
  });
  return pieces.filter((piece) => piece.length);
}

/** Props: values (numbers, null for a gap), label (what it shows, for who cannot see it). */
export function Spark({ values, label }) {
  const pieces = sparkPieces(values ?? []);
  if (!pieces.length) return html`<span class="spark-none">${t.parts.noData}</span>`;
  return html`<svg class="spark" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} width=${WIDTH} height=${HEIGHT} role="img" aria-label=${label}>
    ${pieces.map((piece, index) =>
      piece.length === 1
        ? html`<circle key=${index} cx=${piece[0][0]} cy=${piece[0][1]} r="1.8" />`
        : html`<polyline key=${index} points=${piece.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")} />`,
    )}
  </svg>`;
}
