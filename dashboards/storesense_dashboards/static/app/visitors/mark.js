// The mark of a figure that rests on a camera that was not well, and all such figures of a period by name.
import { durationText } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { loadStyle } from "../parts/style.js";
import { html } from "../ui.js";
import { affectedNames } from "./marks.js";

const [p] = await Promise.all([pageTexts("visitors"), loadStyle("visitors")]);

/** Props: seconds for which it was not well; nothing where it was. */
export function Mark({ seconds }) {
  if (!seconds) return null;
  const text = p.marked(durationText(seconds));
  return html`<span class="mark" title=${text}><${Icon} name="warning" size=${14} /><span class="visually-hidden">${text}</span></span>`;
}

/** Props: layout, marked (seconds by figure), streams (of the figures that the page shows), lead (what is said of them). */
export function Marked({ layout, marked, streams, lead }) {
  const found = Object.entries(marked).flatMap(([figure, seconds]) =>
    streams.includes(figure.split("/")[0]) ? affectedNames(layout, [figure], p.heatmap).map((name) => `${name} (${durationText(seconds)})`) : [],
  );
  if (!found.length) return null;
  return html`<p class="marked-lead" id="marked"><${Icon} name="warning" />${lead} ${found.join(", ")}</p>`;
}
