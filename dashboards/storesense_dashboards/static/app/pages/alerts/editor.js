// A rule, edited: its numbers in fields, all else as text; tried on the past before it goes live.
import { calls } from "../../alerts/calls.js";
import { dayTimeText, durationText, parseInstant } from "../../format.js";
import { pageTexts, t } from "../../i18n/index.js";
import { Dialog } from "../../parts/dialog.js";
import { draftOf, keepDraft } from "../../parts/draft.js";
import { toast } from "../../parts/toast.js";
import { Component, html } from "../../ui.js";
import { Replay } from "./replay.js";

const p = await pageTexts("alerts");
const HIDDEN = new Set(["id", "kind", "is_enabled", "severity"]);

/** The names of a rule's numbers that have a field, in the order in which the rule has them. */
const numberKeys = (rule) =>
  Object.keys(rule).filter((key) => !HIDDEN.has(key) && p.keys[key] && (rule[key] === null || typeof rule[key] === "number"));

/** What happens to its alerts while nobody answers, one step after the other. */
function escalationText({ escalation }) {
  const { remind_every_s: everyS, escalate_after_s: afterS, escalate_to: to = "manager", then } = escalation ?? {};
  const steps = afterS ? [{ after_s: afterS, to }, ...(Array.isArray(then) ? then : [])] : [];
  const said = steps.map((step, place) => p.editor.told(p.editor.roles[step.to] ?? step.to, durationText(step.after_s), place > 0));
  if (everyS) said.unshift(p.editor.reminded(durationText(everyS)));
  return said.length > 0 ? p.editor.unanswered(said) : p.editor.nobodyTold;
}

/** Props: storeId, rule, isNew, version, mayEdit, nowMs, zone, onClose, onSaved. */
export class RuleEditor extends Component {
  state = {
    rule: this.props.rule,
    text: JSON.stringify(this.props.rule, null, 2),
    typed: null,
    problem: null,
    field: null,
    isBusy: false,
    isSure: false,
    versions: null,
  };

  /** What was typed when the session ended is here again. */
  #draftKey = `rule ${this.props.storeId} ${this.props.isNew ? `new ${this.props.rule.kind}` : this.props.rule.id}`;

  componentWillMount() {
    const draft = draftOf(this.#draftKey);
    if (draft) this.setState({ ...draft, problem: p.editor.draft });
  }

  componentDidUpdate() {
    const { rule, text } = this.state;
    const isChanged = JSON.stringify(rule) !== JSON.stringify(this.props.rule) || this.state.field === "text";
    keepDraft(this.#draftKey, isChanged && !this.isSettled ? { rule, text } : null);
  }

  /** Saved, or given up by choice: there is nothing to be kept. */
  #settle() {
    this.isSettled = true;
    keepDraft(this.#draftKey, null);
  }

  onClose = () => {
    this.#settle();
    this.props.onClose();
  };

  async componentDidMount() {
    if (this.props.isNew) return;
    try {
      const { versions } = await calls.versions(this.props.storeId, this.props.rule.id);
      this.setState({ versions });
    } catch {
      // The editor does without its history; what matters is asked for again when it is saved.
    }
  }

  #take(rule) {
    this.setState({ rule, text: JSON.stringify(rule, null, 2), problem: null, field: null });
  }

  set = (key, value) => this.#take({ ...this.state.rule, [key]: value });

  /** A number as it is typed: taken with each key, for a field is drawn anew whenever anything on the page changes. */
  type = (key, text) => {
    this.set(key, text === "" ? null : Number(text));
    this.setState({ typed: { key, text } });
  };

  onText = (event) => {
    const text = event.target.value;
    try {
      this.setState({ text, rule: JSON.parse(text), problem: null, field: null });
    } catch {
      this.setState({ text, problem: p.editor.badText, field: "text" });
    }
  };

  read = () => (this.state.field === "text" ? null : this.state.rule);

  async #change(task, said) {
    if (this.state.isBusy) return;
    this.setState({ isBusy: true, problem: null, field: null });
    try {
      await task();
      toast(said, { tone: "good" });
      this.#settle();
      this.props.onSaved();
    } catch (error) {
      this.setState({ isBusy: false, problem: error.message, field: error.field ?? null });
    }
  }

  onSubmit = (event) => {
    event.preventDefault();
    const rule = this.read();
    if (rule) this.#change(() => calls.putRule(this.props.storeId, rule), p.editor.saved(rule.id));
  };

  onRemove = () => {
    const { storeId, rule } = this.props;
    if (!this.state.isSure) this.setState({ isSure: true });
    else this.#change(() => calls.deleteRule(storeId, rule.id), p.editor.removed(rule.id));
  };

  #field(key, rule) {
    const { typed } = this.state;
    const isWrong = this.state.field?.split(".").at(-1) === key;
    return html`<label key=${key} class="number">
      <span>${p.keys[key]}</span>
      <input type="number" step="any" value=${typed?.key === key ? typed.text : (rule[key] ?? "")} aria-invalid=${isWrong ? "true" : undefined} disabled=${!this.props.mayEdit}
        onInput=${(event) => this.type(key, event.target.value)} onBlur=${() => this.setState({ typed: null })} />
    </label>`;
  }

  #history() {
    const { versions } = this.state;
    const { nowMs, zone, mayEdit } = this.props;
    if (!versions?.length) return null;
    return html`<details class="folded"><summary>${p.editor.versions}</summary>
      <ul class="versions">
        ${versions.map(({ version, rule, edited_by: who, edited_at: at }) => {
          const time = dayTimeText(parseInstant(at) ?? nowMs, nowMs, zone);
          return html`<li key=${version}>
            ${rule ? p.editor.versionLine(version, who ?? t.unknown, time) : p.editor.deletedLine(version, who ?? t.unknown, time)}
            ${rule && mayEdit && html`<button type="button" class="quiet" onClick=${() => this.#take(rule)}>${p.editor.useVersion}</button>`}
          </li>`;
        })}
      </ul>
    </details>`;
  }

  render({ storeId, isNew, mayEdit, nowMs, zone }, { rule, text, problem, isBusy, isSure }) {
    const name = `${p.kinds[this.props.rule.kind] ?? this.props.rule.kind}`;
    const foot = mayEdit &&
      html`${!isNew && html`<button type="button" class="quiet danger" onClick=${this.onRemove}>${isSure ? p.editor.removeSure : p.editor.remove}</button>`}
        <span class="spread"></span>
        <button type="button" class="quiet" onClick=${this.onClose}>${t.parts.cancel}</button>
        <button type="submit" form="rule-form" class="primary" aria-disabled=${isBusy ? "true" : undefined}>${isBusy ? p.editor.saving : p.editor.save}</button>`;
    return html`<${Dialog} title=${p.editor.title(name)} onClose=${this.onClose} actions=${foot}>
      <form id="rule-form" class="rule-form" onSubmit=${this.onSubmit} novalidate>
        ${isNew && html`<label><span>${p.editor.id}</span><input value=${rule.id} maxlength="100" onInput=${(event) => this.set("id", event.target.value.trim())} /></label>`}
        <label class="choice"><input type="checkbox" checked=${rule.is_enabled !== false} disabled=${!mayEdit}
          onChange=${(event) => this.set("is_enabled", event.target.checked)} />${p.editor.enabled}</label>
        <label><span>${p.editor.severity}</span>
          <select value=${rule.severity ?? ""} disabled=${!mayEdit} onChange=${(event) => this.set("severity", event.target.value || null)}>
            <option value="">${p.editor.severityByKind}</option>
            ${["info", "warning", "critical"].map((key) => html`<option key=${key} value=${key}>${p.severity[key]}</option>`)}
          </select></label>
        <div class="numbers">${numberKeys(rule).map((key) => this.#field(key, rule))}</div>
        <p class="hint" data-escalation>${escalationText(rule)}</p>
        <details class="folded"><summary>${p.editor.all}</summary>
          <p class="hint" id="rule-text-help">${p.editor.allHelp}</p>
          <textarea class="code" rows="14" spellcheck=${false} aria-label=${p.editor.all} aria-describedby="rule-text-help" readonly=${!mayEdit}
            value=${text} onInput=${this.onText}></textarea>
        </details>
        <div role="alert">${problem && html`<p class="problem">${problem}</p>`}</div>
      </form>
      ${mayEdit && html`<${Replay} storeId=${storeId} live=${isNew ? null : this.props.rule} read=${this.read} nowMs=${nowMs} zone=${zone} />`}
      ${this.#history()}
    <//>`;
  }
}
