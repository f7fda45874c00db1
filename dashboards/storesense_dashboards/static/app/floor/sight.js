// Which of the figures on the floor rest on a camera that does not see well at the moment, and why.
import { api } from "../api.js";
import { DeviceWords } from "../devices/words.js";
import { parseInstant } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Asked } from "../parts/asked.js";
import { loadStyle } from "../parts/style.js";
import { html, Pure } from "../ui.js";
import { affectedNames } from "../visitors/marks.js";

const [p] = await Promise.all([pageTexts("visitors"), loadStyle("visitors")]);

const EVERY_MS = 30_000;
const LATELY_MS = 600_000;

/** Faults that go on, of an answer of `GET .../quality`. */
export function presentFaults({ faults, to }) {
  const endMs = parseInstant(to);
  return endMs === null ? [] : faults.filter((fault) => parseInstant(fault.to) >= endMs - 1_000 && fault.affected.length > 0);
}

/** Props: layout, storeId, nowMs. */
export class Sight extends Pure {
  #ask = (signal) => {
    const from = new Date(this.props.nowMs - LATELY_MS).toISOString();
    return api.get(this.props.storeId, "/quality", { params: { from }, signal });
  };

  render({ layout, storeId }) {
    return html`<${Asked} what=${storeId} ask=${this.#ask} everyMs=${EVERY_MS}>
      ${({ data }) => {
        const faults = data ? presentFaults(data) : [];
        if (!faults.length) return null;
        return html`<section class="marked-lead" id="sight" aria-label=${p.sight}>
          <${Icon} name="warning" />
          <ul>
            ${faults.map(
              (fault) => html`<li key=${`${fault.device_id} ${fault.cause}`}>
                <strong>${affectedNames(layout, fault.affected).join(", ") || fault.device_id}</strong>${" "}
                <${DeviceWords} text=${fault.reason} cause=${fault.cause} />
              </li>`,
            )}
          </ul>
        </section>`;
      }}
    <//>`;
  }
}
