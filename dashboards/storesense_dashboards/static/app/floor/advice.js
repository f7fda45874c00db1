// How many lanes to have open: now, in 15 and in 30 minutes, under the queues.
import { api } from "../api.js";
import { durationText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Asked } from "../parts/asked.js";
import { loadStyle } from "../parts/style.js";
import { classes, html, Pure } from "../ui.js";

const a = await pageTexts("advice");
await loadStyle("advice");

const REFRESH_MS = 30_000;

/** Ask for a store's advice. */
export const askAdvice = (storeId) => (signal) => api.get(storeId, "/staffing", { signal });

/** What the advice says: `{word, tone, detail}`, null where there is none. */
export function adviceTexts(staffing) {
  if (!staffing?.is_known || !staffing.outlooks?.length) return null;
  const { lanes_open: open, lanes } = staffing;
  const more = lanes - open;
  const word = more > 0 ? a.openMore(more) : more < 0 ? a.canClose(-more) : a.enough(open);
  return { word, tone: more > 0 ? "act" : more < 0 ? "less" : "same", detail: a.openOf(open, lanes), open, lanes };
}

function Told({ staffing }) {
  const texts = adviceTexts(staffing);
  if (!texts) return html`<p class="hint">${a.notKnown}</p>`;
  const [now, ...later] = staffing.outlooks;
  const isChange = texts.tone === "act" && now.wait && now.wait_unchanged;
  return html`<p class=${classes("advice-word", `is-${texts.tone}`)}>${texts.word}</p>
    <p class="hint">
      ${texts.tone === "same" ? null : html`${texts.detail}. `}
      ${isChange && html`${a.waits(durationText(now.wait_unchanged.mean_s), durationText(now.wait.mean_s))} `}
      ${later.map(({ in_min: minutes, lanes }) => a.later(minutes, lanes)).join(" · ")}
    </p>`;
}

/** Props: storeId. */
export class Advice extends Pure {
  ask = (signal) => askAdvice(this.props.storeId)(signal);

  render({ storeId }) {
    return html`<${Asked} what=${storeId} ask=${this.ask} everyMs=${REFRESH_MS}>
      ${({ data, problem }) => {
        if (!data && !problem) return html`<div class="advice"><p class="hint">${t.page.loading}</p></div>`;
        return html`<div class="advice" role="group" aria-label=${a.title}>
          ${data ? html`<${Told} staffing=${data} />` : html`<p class="hint gap-text">${a.failed}</p>`}
        </div>`;
      }}
    <//>`;
  }
}
