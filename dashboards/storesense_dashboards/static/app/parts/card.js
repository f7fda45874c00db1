// The two frames that everything on the page stands in: a card with a heading, and an empty state that helps.
import { html } from "../ui.js";
import { Icon } from "../icons.js";

/** A titled section; `aside` stands at the right of the heading. */
export function Card({ id, title, icon, aside, className = "", children }) {
  return html`<section class=${`card ${className}`} id=${id} aria-labelledby=${`${id}-title`}>
    <div class="card-head">
      <h2 id=${`${id}-title`}><${Icon} name=${icon} />${title}</h2>
      ${aside && html`<div class="card-aside">${aside}</div>`}
    </div>
    ${children}
  </section>`;
}

/** What stands where there is nothing to show, and what to do about it. */
export function Empty({ icon = "note", title, help }) {
  return html`<div class="empty">
    <${Icon} name=${icon} size=${24} />
    <p class="empty-title">${title}</p>
    ${help && html`<p class="empty-help">${help}</p>`}
  </div>`;
}
