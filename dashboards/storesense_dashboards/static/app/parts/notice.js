// What stands where content is not there: it loads, or it failed and can be tried again.
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { classes, html } from "../ui.js";

/** While the first answer is awaited. */
export function Loading({ text = t.page.loading }) {
  return html`<p class="loading" role="status">${text}</p>`;
}

/** Props: message (what happened, a sentence), title, onRetry, isSmall (a line above what is still known). */
export function Problem({ message, title = t.page.failed, onRetry, isSmall = false }) {
  return html`<div class=${classes("trouble", isSmall && "is-small")} role="alert">
    <${Icon} name="warning" size=${isSmall ? 18 : 24} />
    <div>
      <p class="trouble-title">${title}</p>
      <p>${message}</p>
    </div>
    ${onRetry && html`<button class="quiet" onClick=${onRetry}>${t.page.tryAgain}</button>`}
  </div>`;
}
