// The mark of a figure that rests on a camera that was not well.
import { durationText } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { html } from "../ui.js";

const p = await pageTexts("visitors");

/** Props: seconds for which it was not well; nothing where it was. */
export function Mark({ seconds }) {
  if (!seconds) return null;
  const text = p.marked(durationText(seconds));
  return html`<span class="mark" title=${text}><${Icon} name="warning" size=${14} /><span class="visually-hidden">${text}</span></span>`;
}
