// One figure: its value and unit, its trend and target, and how much of its data is there. What is not known is a dash
// with the reason, never a zero.
import { numberText } from "../format.js";
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { classes, html } from "../ui.js";

const COMPLETE = 0.95;

function Trend({ trend }) {
  if (!trend) return null;
  const { change, text, isGood } = trend;
  const word = change > 0 ? t.parts.trendUp(text) : change < 0 ? t.parts.trendDown(text) : t.parts.trendSame;
  const tone = isGood === true ? "is-good" : isGood === false ? "is-bad" : null;
  return html`<span class=${classes("figure-trend", tone)}>
    <span aria-hidden="true">${change > 0 ? "↑" : change < 0 ? "↓" : "→"} ${text}</span>
    <span class="visually-hidden">${word}</span>
  </span>`;
}

function Target({ target }) {
  if (!target) return null;
  const tone = target.isMet === null || target.isMet === undefined ? null : target.isMet ? "is-good" : "is-bad";
  return html`<span class=${classes("figure-target", tone)}>
    ${tone && html`<${Icon} name=${target.isMet ? "check" : "warning"} size=${14} />`}
    ${t.parts.target(target.text)}
    ${tone && html`<span class="visually-hidden">, ${target.isMet ? t.parts.targetMet : t.parts.targetMissed}</span>`}
  </span>`;
}

/** How much of the expected data is there: nothing to say where it is whole. `share` 0 to 1, or null. */
export function Completeness({ share, isAlways = false }) {
  if (share === null || share === undefined || (share >= COMPLETE && !isAlways)) return null;
  const text = t.parts.complete(`${numberText(Math.floor(share * 100))} %`);
  return html`<span class=${classes("completeness", share < COMPLETE && "is-short")} title=${text}>
    <span class="completeness-bar" aria-hidden="true"><span style=${{ width: `${Math.round(share * 100)}%` }}></span></span>
    ${text}
  </span>`;
}

/**
 * A figure, to stand in a `dl` of class "figure-grid".
 *
 * Props: id, icon, label; value (text, null if not known), unit, of (what it is out of); note (a sentence); trend
 * (`{change, text, isGood}`), target (`{text, isMet}`), completeness (0 to 1), low and high (texts of an interval),
 * lacks (the name of a source that is not connected), tone ("act", "gap", "quiet"), href (where there is more of it).
 */
export function Figure(props) {
  const { id, icon, label, value, unit, of, note, trend, target, completeness, low, high, lacks, href } = props;
  const tone = lacks ? "quiet" : props.tone;
  return html`<div class=${classes("figure", tone && `tone-${tone}`)} data-figure=${id}>
    <dt>${icon && html`<${Icon} name=${icon} />`}${href ? html`<a href=${href}>${label}</a>` : label}</dt>
    <dd>
      <span class="figure-value">${lacks ? t.unknown : (value ?? t.unknown)}</span>
      ${unit && value !== null && !lacks && html`<span class="figure-of">${unit}</span>`}
      ${of && html`<span class="figure-of">${of}</span>`}
      <${Trend} trend=${trend} />
      ${lacks && html`<span class="figure-note">${t.parts.lacksSource(lacks)}</span>`}
      ${note && !lacks && html`<span class="figure-note">${note}</span>`}
      ${low && high && html`<span class="figure-note">${t.parts.between(low, high)}</span>`}
      <${Target} target=${target} />
      <${Completeness} share=${completeness} />
    </dd>
  </div>`;
}
