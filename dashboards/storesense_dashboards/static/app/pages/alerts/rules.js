// The rules by which alerts are raised: the store's own, those that hold besides, and sensible ones to add.
import { dayTimeText, durationText, numberText, parseInstant } from "../../format.js";
import { pageTexts, t } from "../../i18n/index.js";
import { Card, Empty } from "../../parts/card.js";
import { Table } from "../../parts/table.js";
import { html, Pure } from "../../ui.js";
import { RuleEditor } from "./editor.js";

const p = await pageTexts("alerts");

const BYTES_A_MB = 1e6;

/** A threshold as people say it: seconds as a duration, shares as per cent, bytes as megabytes. */
function valueText(key, value) {
  if (key.endsWith("_s")) return durationText(value);
  if (key.endsWith("_share")) return `${numberText(value * 100)} %`;
  if (key.endsWith("_bytes")) return `${numberText(value / BYTES_A_MB)} MB`;
  return typeof value === "number" ? numberText(value, Number.isInteger(value) ? 0 : 1) : String(value);
}

/** What a rule opens an alert at, in words; its kind says it where the rule has no threshold. */
function opensAt(rule) {
  const thresholds = Object.entries(rule).filter(([key, value]) => value !== null && p.opens[key]);
  return thresholds.map(([key, value]) => p.opens[key](valueText(key, value))).join(", ") || p.opensBy[rule.kind] || null;
}

const kindOf = (rule) => p.kinds[rule.kind] ?? rule.kind;

/** Props: storeId, rules (what the API told), user, zone, nowMs, params, setParams, onChanged. */
export class Rules extends Pure {
  state = { draft: null };

  edit = (rule, isNew) => {
    if (isNew) this.setState({ draft: rule });
    else this.props.setParams({ rule: rule.id });
  };

  close = () => {
    this.setState({ draft: null });
    if (this.props.params.rule) this.props.setParams({ rule: "" });
  };

  #suggestions(title, help, rules, mayEdit) {
    if (!rules.length) return null;
    return html`<h3>${title}</h3>
      ${help && html`<p class="hint">${help}</p>`}
      <ul class="rule-list">
        ${rules.map((rule) => html`<li key=${rule.id}>
          <span><strong>${kindOf(rule)}</strong> <span class="hint">${opensAt(rule)}</span></span>
          ${mayEdit && html`<button class="quiet" aria-label=${p.rules.addOf(kindOf(rule))} onClick=${() => this.edit(rule, true)}>${p.rules.add}</button>`}
        </li>`)}
      </ul>`;
  }

  render({ storeId, rules, user, zone, nowMs, params, onChanged }, { draft }) {
    const mayEdit = user.role === "manager" || user.role === "admin";
    const c = p.rules.columns;
    const columns = [
      { id: "kind", label: c.kind, isHead: true, value: ({ rule }) => kindOf(rule),
        cell: ({ rule }) => html`<button class="quiet as-link" aria-label=${p.rules.editOf(`${kindOf(rule)} (${rule.id})`)} onClick=${() => this.edit(rule, false)}>${kindOf(rule)}</button>` },
      { id: "rule", label: c.rule, value: ({ rule }) => rule.id },
      { id: "thresholds", label: c.thresholds, isBrief: true, value: ({ rule }) => opensAt(rule) },
      { id: "severity", label: c.severity, value: ({ rule }) => p.severity[rule.severity] ?? p.editor.severityByKind },
      { id: "state", label: c.state, isBrief: true, value: ({ rule }) => (rule.is_enabled === false ? p.rules.off : p.rules.on) },
      { id: "version", label: c.version, value: (entry) => entry.version,
        cell: (entry) => p.rules.version(entry.version, dayTimeText(parseInstant(entry.updated_at) ?? nowMs, nowMs, zone)) },
    ];
    const asked = params.rule && rules.rules.find(({ rule }) => rule.id === params.rule);
    const edited = draft ?? asked?.rule;
    return html`<${Card} id="rules" icon="bell" title=${p.rules.title}>
      <p class="card-lead">${p.rules.lead}${!mayEdit && ` ${p.rules.viewer}`}</p>
      <${Table} title=${p.rules.own} rows=${rules.rules} keyOf=${({ rule }) => rule.id} columns=${columns}
        rowClass=${({ rule }) => (rule.is_enabled === false ? "is-off" : undefined)} empty=${html`<${Empty} title=${p.rules.none} />`} />
      ${this.#suggestions(p.rules.suggested, null, rules.suggested, mayEdit)}
      ${this.#suggestions(p.rules.implied, p.rules.impliedHelp, rules.implied, mayEdit)}
      ${edited &&
      html`<${RuleEditor} key=${edited.id} storeId=${storeId} rule=${edited} isNew=${Boolean(draft)} mayEdit=${mayEdit} nowMs=${nowMs} zone=${zone}
        onClose=${this.close} onSaved=${() => { this.close(); onChanged(); }} />`}
    <//>`;
  }
}
