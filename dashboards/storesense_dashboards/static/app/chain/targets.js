// The form in which a manager says what a store wants of its KPIs.
import { request, storePath } from "../api.js";
import { pageTexts } from "../i18n/index.js";
import { Dialog } from "../parts/dialog.js";
import { draftOf, keepDraft } from "../parts/draft.js";
import { toast } from "../parts/toast.js";
import { Component, html } from "../ui.js";
import { targetShown, targetTyped } from "./kpi_text.js";

const p = await pageTexts("chain");

/** Props: store (of the overview), catalogue, onClose(), onSaved(). */
export class Targets extends Component {
  state = { texts: null, problem: null, isSaving: false };

  constructor(props) {
    super(props);
    const known = Object.fromEntries(props.store.figures.kpis.map((kpi) => [kpi.name, kpi]));
    const wanted = props.catalogue.filter((kpi) => kpi.better !== "neither" && known[kpi.name]);
    this.kpis = wanted;
    const saved = Object.fromEntries(wanted.map((kpi) => [kpi.name, targetShown(kpi.unit, known[kpi.name].target)]));
    // What was typed when the session ended is here again.
    this.draftKey = `targets ${props.store.store_id}`;
    this.state.texts = { ...saved, ...draftOf(this.draftKey) };
  }

  onClose = () => {
    keepDraft(this.draftKey, null);
    this.props.onClose();
  };

  #type(name, text) {
    const texts = { ...this.state.texts, [name]: text };
    keepDraft(this.draftKey, texts);
    this.setState({ ...this.state, texts });
  }

  onSubmit = async (event) => {
    event.preventDefault();
    const targets = {};
    for (const kpi of this.kpis) {
      const value = targetTyped(kpi.unit, this.state.texts[kpi.name]);
      if (Number.isNaN(value)) return this.setState({ ...this.state, problem: p.targets.noNumber(p.kpis[kpi.name]) });
      if (value !== null) targets[kpi.name] = value;
    }
    this.setState({ ...this.state, problem: null, isSaving: true });
    try {
      await request("PUT", storePath(this.props.store.store_id, "/targets"), { targets });
    } catch (error) {
      return this.setState({ ...this.state, isSaving: false, problem: error.message });
    }
    keepDraft(this.draftKey, null);
    toast(p.targets.saved, { tone: "good" });
    this.props.onSaved();
    return undefined;
  };

  render({ store }, { texts, problem, isSaving }) {
    return html`<${Dialog} title=${p.targets.title(store.name)} onClose=${this.onClose}>
      <form class="targets" onSubmit=${this.onSubmit}>
        <p class="hint">${p.targets.help}</p>
        ${this.kpis.map(
          (kpi) => html`<label key=${kpi.name}>
            <span>${p.kpis[kpi.name]} <small>${p.targets.side[kpi.better]}</small></span>
            <span class="targets-value">
              <input
                inputmode="decimal"
                maxlength="20"
                value=${texts[kpi.name]}
                onInput=${(event) => this.#type(kpi.name, event.target.value)}
              />
              <span>${p.units[kpi.unit]}</span>
            </span>
          </label>`,
        )}
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
        <div class="dialog-actions">
          <button class="primary" aria-disabled=${isSaving ? "true" : undefined}>${p.targets.save}</button>
        </div>
      </form>
    <//>`;
  }
}
