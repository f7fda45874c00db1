// The details of the selected place, under the plan.
import { details, findPlace, freshnessOf, gapText, placeName } from "../floor/describe.js";
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { html, Pure } from "../ui.js";

/** Props: layout, live, item, atMs, onClose(). Renders nothing for a place that the layout does not have. */
export class Detail extends Pure {
  onKeyDown = (event) => {
    if (event.key === "Escape") this.props.onClose();
  };

  render({ layout, live, item, atMs, onClose }) {
    const place = findPlace(layout, item);
    if (!place) return null;
    const fresh = freshnessOf(live, item, atMs);
    const gap = gapText(fresh, atMs, layout.time_zone);
    const hasReading = fresh.state !== "none";
    return html`<div class="detail" role="region" aria-labelledby="detail-title" onKeyDown=${this.onKeyDown}>
      <div class="detail-head">
        <div>
          <p class="detail-kind">${t.item.kind[item.kind]}</p>
          <h3 id="detail-title">${placeName(item, place)}</h3>
        </div>
        <button class="quiet icon-only" aria-label=${t.floor.close} onClick=${onClose}><${Icon} name="close" /></button>
      </div>
      ${gap && html`<p class="gap-note"><${Icon} name="warning" size=${18} />${gap}. ${t.floor.noDataHelp}</p>`}
      ${gap && hasReading && html`<p class="hint">${t.item.lastKnown}</p>`}
      <dl class=${gap ? "is-gap" : ""}>
        ${details(layout, live, item, atMs, layout.time_zone).map(
          ([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`,
        )}
      </dl>
    </div>`;
  }
}
