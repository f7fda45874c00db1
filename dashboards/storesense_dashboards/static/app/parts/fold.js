// What is folded away until somebody asks for it, with its count on the lid; which folds are open stands in the address.
import { html } from "../ui.js";

/** The names of the open folds that `params.open` lists. */
export const openFolds = (params) => new Set((params.open ?? "").split(",").filter(Boolean));

const MAX_LETTERS = 290; // of what an address keeps of a page (route.js)

/** `params` with a fold opened or closed; where they are too many for the address, those opened first are closed. */
export function withFold(params, name, isOpen) {
  const names = [...openFolds(params)].filter((each) => each !== name);
  if (isOpen) names.push(name);
  while (names.join(",").length > MAX_LETTERS) names.shift();
  return { ...params, open: names.join(",") };
}

/**
 * A lid that opens. Props: title, aside (what is said of the content), isOpen, onToggle(isOpen), children: a function, called while
 * it is open.
 */
export function Fold({ title, aside, isOpen, onToggle, children }) {
  const lid = html`<button class="fold-lid" aria-expanded=${isOpen ? "true" : "false"} onClick=${() => onToggle(!isOpen)}>
    <span class="fold-mark" aria-hidden="true"></span>
    <span class="fold-title">${title}</span>
    ${aside && html`<span class="fold-aside">${aside}</span>`}
  </button>`;
  return html`<div class="fold">
    <h3>${lid}</h3>
    ${isOpen && html`<div class="fold-content">${children()}</div>`}
  </div>`;
}
