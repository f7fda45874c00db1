// The fields of the panel beside a drawing.
import { html } from "../ui.js";

/** Props: label, value (null for none), options (`[id, name]`), onChange(id or null), hint. */
export function Choice({ label, value, options, onChange, hint }) {
  return html`<div><label class="field">
    <span>${label}</span>
    <select value=${value ?? ""} onChange=${(event) => onChange(event.currentTarget.value || null)}>
      ${options.map(([id, name]) => html`<option key=${id} value=${id} selected=${id === (value ?? "")}>${name}</option>`)}
    </select>
  </label>
  ${hint && html`<small class="hint">${hint}</small>`}</div>`;
}

export function Check({ label, isOn, onChange }) {
  return html`<label class="check"><input type="checkbox" checked=${isOn} onChange=${(event) => onChange(event.currentTarget.checked)} /><span>${label}</span></label>`;
}

/** A whole number that is typed; an emptied field is none. Props: label, value, least, most, onChange(number or null). */
export function Whole({ label, value, least, most, onChange }) {
  const onInput = ({ currentTarget }) => {
    const typed = currentTarget.valueAsNumber;
    if (Number.isNaN(typed)) onChange(null);
    else if (Number.isInteger(typed)) onChange(typed);
  };
  return html`<label class="field"><span>${label}</span>
    <input type="number" min=${least} max=${most} step="1" value=${value ?? ""} onInput=${onInput} />
  </label>`;
}
