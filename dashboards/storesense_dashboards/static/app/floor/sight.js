// Whether figures on the floor rest on a camera that does not see well at the moment; the notice loads when one does.
import { api } from "../api.js";
import { parseInstant } from "../format.js";
import { Asked } from "../parts/asked.js";
import { Lazy } from "../views/floor.js";
import { html, Pure } from "../ui.js";

const EVERY_MS = 30_000;
const LATELY_MS = 600_000;

const loadNotice = () => import("./sight_notice.js").then((module) => module.SightNotice);

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
        return faults.length ? html`<${Lazy} load=${loadNotice} layout=${layout} faults=${faults} />` : null;
      }}
    <//>`;
  }
}
