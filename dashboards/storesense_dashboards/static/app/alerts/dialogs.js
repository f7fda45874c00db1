// What is asked before an alert is dismissed, snoozed or written about.
import { pageTexts } from "../i18n/index.js";
import { t } from "../i18n/index.js";
import { Dialog } from "../parts/dialog.js";
import { Component, html } from "../ui.js";
import { DISMISS_REASONS, SNOOZE_MIN } from "./work.js";

const p = await pageTexts("alerts");
const MAX_LETTERS = 500;

const form = "alert-question";

function Foot({ onClose, pending }) {
  return html`<button type="button" class="quiet" onClick=${onClose}>${t.parts.cancel}</button>
    <button type="submit" form=${form} class="primary" aria-disabled=${pending ? "true" : undefined}>
      ${pending ? p.actions.pending : p.actions.send}
    </button>`;
}

/** Common to the three: a form in a dialog that says what is missing. `read()` gives the body or the text of a problem. */
class Question extends Component {
  state = { problem: null };

  onSubmit = (event) => {
    event.preventDefault();
    if (this.props.pending) return;
    const found = this.read();
    if (typeof found === "string") this.setState({ ...this.state, problem: found });
    else this.props.onSend(found);
  };

  frame(title, content) {
    const { onClose, pending, failure } = this.props;
    const problem = this.state.problem ?? failure;
    return html`<${Dialog} title=${title} onClose=${onClose} actions=${html`<${Foot} onClose=${onClose} pending=${pending} />`}>
      <p class="question-about">${this.props.alert.title}</p>
      <form id=${form} class="question" onSubmit=${this.onSubmit} novalidate>
        ${content}
        <div role="alert">${problem && html`<p class="problem">${problem}</p>`}</div>
      </form>
    <//>`;
  }

  change = (name) => (event) => this.setState({ ...this.state, problem: null, [name]: event.target.value });
}

const choice = (name, value, chosen, label, onChange) =>
  html`<label key=${value} class="choice">
    <input type="radio" name=${name} value=${value} checked=${chosen === String(value)} onChange=${onChange} />${label}
  </label>`;

/** Props of all: alert, pending, failure (a text), onClose(), onSend(body). */
export class DismissDialog extends Question {
  state = { problem: null, reason: "wrong", note: "" };

  read() {
    const { reason, note } = this.state;
    if (reason === "other" && !note.trim()) return p.dismiss.needsNote;
    return { reason, note: note.trim() || null };
  }

  render(_props, { reason, note }) {
    return this.frame(
      p.dismiss.title,
      html`<fieldset>
          <legend>${p.dismiss.why}</legend>
          ${DISMISS_REASONS.map((name) => choice("reason", name, reason, p.dismiss.reasons[name], this.change("reason")))}
        </fieldset>
        <label>${p.dismiss.note}<textarea rows="2" maxlength=${MAX_LETTERS} value=${note} onInput=${this.change("note")}></textarea></label>
        <p class="hint">${p.dismiss.help}</p>`,
    );
  }
}

/** `nowMs()` is the present. */
export class SnoozeDialog extends Question {
  state = { problem: null, minutes: String(SNOOZE_MIN[1]), reason: "" };

  read() {
    const reason = this.state.reason.trim();
    if (!reason) return p.snooze.needsReason;
    return { until: new Date(this.props.nowMs + Number(this.state.minutes) * 60_000).toISOString(), reason };
  }

  render(_props, { minutes, reason }) {
    return this.frame(
      p.snooze.title,
      html`<fieldset>
          <legend>${p.snooze.until}</legend>
          ${SNOOZE_MIN.map((n) => choice("minutes", n, minutes, p.snooze.inMinutes(n), this.change("minutes")))}
        </fieldset>
        <label>${p.snooze.reason}<input maxlength=${MAX_LETTERS} value=${reason} onInput=${this.change("reason")} /></label>`,
    );
  }
}

export class NoteDialog extends Question {
  state = { problem: null, text: "" };

  read() {
    const text = this.state.text.trim();
    return text ? { text } : p.note.needsText;
  }

  render(_props, { text }) {
    return this.frame(
      p.note.title,
      html`<label>${p.note.text}<textarea rows="3" maxlength=${MAX_LETTERS} value=${text} onInput=${this.change("text")}></textarea></label>`,
    );
  }
}

export const DIALOGS = Object.freeze({ dismiss: DismissDialog, snooze: SnoozeDialog, note: NoteDialog });
