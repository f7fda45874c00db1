// Which figures rest on a camera that does not see well at the moment, and why.
import { DeviceWords } from "../devices/words.js";
import { pageTexts } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { loadStyle } from "../parts/style.js";
import { html } from "../ui.js";
import { affectedNames } from "../visitors/marks.js";

const [p] = await Promise.all([pageTexts("visitors"), loadStyle("visitors")]);

/** Props: layout, faults (those that go on, as `GET .../quality` tells them). */
export function SightNotice({ layout, faults }) {
  return html`<section class="marked-lead" id="sight" aria-label=${p.sight}>
    <${Icon} name="warning" />
    <ul>
      ${faults.map(
        (fault) => html`<li key=${`${fault.device_id} ${fault.cause}`}>
          <strong>${p.sightOf(affectedNames(layout, fault.affected, p.heatmap).join(", ") || fault.device_id)}</strong>${" "}
          <${DeviceWords} text=${fault.reason} cause=${fault.cause} />
        </li>`,
      )}
    </ul>
  </section>`;
}
