// Whether figures rest on a camera that does not see well at the moment; the notice loads when one does.
import { api } from "../api.js";
import { parseInstant } from "../format.js";
import { Asked } from "../parts/asked.js";
import { Lazy } from "../views/floor.js";
import { html, Pure } from "../ui.js";

const EVERY_MS = 30_000;
const LATELY_MS = 600_000;

const loadNotice = () => import("./sight_notice.js").then((module) => module.SightNotice);

/** Faults that go on, of an answer of `GET .../quality`, as far as they concern figures of a stream ("queue"), or any. */
export function presentFaults({ faults, to }, stream = "") {
  const endMs = parseInstant(to);
  if (endMs === null) return [];
  return faults
    .filter((fault) => parseInstant(fault.to) >= endMs - 1_000)
    .map((fault) => ({ ...fault, affected: fault.affected.filter((figure) => figure.startsWith(stream)) }))
    .filter((fault) => fault.affected.length > 0);
}

/** Props: layout, storeId, nowMs; stream (of the figures that the page shows; all if not told). */
export class Sight extends Pure {
  #ask = (signal) => {
    const from = new Date(this.props.nowMs - LATELY_MS).toISOString();
    return api.get(this.props.storeId, "/quality", { params: { from }, signal });
  };

  render({ layout, storeId, stream }) {
    return html`<${Asked} what=${storeId} ask=${this.#ask} everyMs=${EVERY_MS}>
      ${({ data }) => {
        const faults = data ? presentFaults(data, stream) : [];
        return faults.length ? html`<${Lazy} load=${loadNotice} layout=${layout} faults=${faults} />` : null;
      }}
    <//>`;
  }
}
