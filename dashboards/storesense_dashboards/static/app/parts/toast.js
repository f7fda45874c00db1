// A short word at the edge of the screen: what was done, with a way to take it back. It also reaches screen readers.
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { classes, Component, html } from "../ui.js";

const SHOWN_MS = 6_000;
const MAX_SHOWN = 3;
let shown = [];
let number = 0;
let listener = () => {};

/** Say `text`; with `action` (`{label, onClick}`) it stays until dismissed; `tone` "good" or "bad" adds a mark. */
export function toast(text, { tone = null, action = null } = {}) {
  number += 1;
  const id = number;
  shown = [...shown, { id, text, tone, action }].slice(-MAX_SHOWN);
  listener();
  if (!action) setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id) {
  shown = shown.filter((entry) => entry.id !== id);
  listener();
}

/** Where toasts appear; stands once on the page. */
export class Toasts extends Component {
  componentDidMount() {
    listener = () => this.forceUpdate();
  }

  render() {
    return html`<div class="toasts" role="status">
      ${shown.map(
        ({ id, text, tone, action }) =>
          html`<div key=${id} class=${classes("toast", tone && `is-${tone}`)}>
            ${tone && html`<${Icon} name=${tone === "good" ? "check" : "warning"} />`}
            <p>${text}</p>
            ${action &&
            html`<button
              class="quiet"
              onClick=${() => {
                dismiss(id);
                action.onClick();
              }}
            >
              ${action.label}
            </button>`}
            <button class="quiet icon-only" aria-label=${t.parts.dismiss} onClick=${() => dismiss(id)}><${Icon} name="close" /></button>
          </div>`,
      )}
    </div>`;
  }
}
