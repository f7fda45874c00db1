// What narrows a long list: a choice, and words to look for. Both are kept in the page's address by whoever uses them.
import { t } from "../i18n/index.js";
import { html } from "../ui.js";

const MAX_LETTERS = 80;

/** A list of choices as a select; `values` are [value, text]. */
export function Filter({ label, value, values, onChange }) {
  return html`<label class="filter">
    <span>${label}</span>
    <select value=${value ?? ""} onChange=${(event) => onChange(event.target.value)}>
      ${values.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === (value ?? "")}>${text}</option>`)}
    </select>
  </label>`;
}

/** Words to look for. Props: label (what is looked through), value, onChange(text), found (how many, said to screen readers). */
export function Find({ label, value, onChange, found }) {
  return html`<div class="filter look-for">
    <label>
      <span>${label}</span>
      <input type="search" maxlength=${MAX_LETTERS} autocomplete="off" value=${value ?? ""} onInput=${(event) => onChange(event.target.value)} />
    </label>
    <span class="visually-hidden" role="status">${value ? t.parts.found(found) : ""}</span>
  </div>`;
}

const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase(t.lang);

/** A test of texts: whether each word of `words` stands in one of them, whatever its case and accents; true without words. */
export function finder(words) {
  const wanted = folded(words ?? "").split(/\s+/u).filter(Boolean);
  return (...texts) => {
    if (!wanted.length) return true;
    const all = folded(texts.filter(Boolean).join("\n"));
    return wanted.every((word) => all.includes(word));
  };
}
