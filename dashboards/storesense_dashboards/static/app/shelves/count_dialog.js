// Counting a slot by hand: the form, for the shelves' page and for the staff app.
import { request, storePath } from "../api.js";
import { pageTexts } from "../i18n/index.js";
import { Dialog } from "../parts/dialog.js";
import { toast } from "../parts/toast.js";
import { Component, html } from "../ui.js";

const p = await pageTexts("shelves");

const productsOf = (slot) => [slot.product, ...(slot.also ?? [])];

/** A whole number from 0 up, as it was typed; null for anything else. */
export function unitsTyped(text) {
  const typed = text.trim();
  return /^[0-9]{1,5}$/.test(typed) ? Number(typed) : null;
}

/** Props: storeId, slot, onClose(), onCounted(). */
export class CountDialog extends Component {
  state = { texts: {}, problem: null, isSending: false };

  onSubmit = async (event) => {
    event.preventDefault();
    const { storeId, slot, onCounted } = this.props;
    const products = [];
    for (const { sku, name } of productsOf(slot)) {
      const units = unitsTyped(this.state.texts[sku] ?? "");
      if (units === null) return this.setState({ ...this.state, problem: p.count.noNumber(name) });
      products.push({ sku, units });
    }
    this.setState({ ...this.state, problem: null, isSending: true });
    try {
      await request("POST", storePath(storeId, `/slots/${encodeURIComponent(slot.id)}/counts`), { products });
    } catch (error) {
      return this.setState({ ...this.state, isSending: false, problem: error.message });
    }
    toast(p.count.sent, { tone: "good" });
    onCounted();
    return undefined;
  };

  render({ slot, onClose }, { texts, problem, isSending }) {
    return html`<${Dialog} title=${p.count.title(slot.name)} onClose=${onClose}>
      <form class="count-form" onSubmit=${this.onSubmit} novalidate>
        <p class="hint">${p.count.help}</p>
        ${productsOf(slot).map(
          ({ sku, name }) => html`<label key=${sku}>
            <span>${name}</span>
            <input
              inputmode="numeric"
              autocomplete="off"
              maxlength="5"
              value=${texts[sku] ?? ""}
              onInput=${(event) => this.setState({ ...this.state, texts: { ...this.state.texts, [sku]: event.target.value } })}
            />
          </label>`,
        )}
        <div role="alert">${problem && html`<p class="problem">${problem}</p>`}</div>
        <div class="dialog-actions">
          <button class="primary" aria-disabled=${isSending ? "true" : undefined}>${p.count.send}</button>
        </div>
      </form>
    <//>`;
  }
}
