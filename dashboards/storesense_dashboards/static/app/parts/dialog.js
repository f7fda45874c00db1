// A question or a form above the page: the browser's own modal dialog, so focus stays in it and Escape closes it.
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Component, createRef, html } from "../ui.js";

let count = 0;

/** Open while it is rendered. Props: title, onClose(), children, actions (buttons at its foot). */
export class Dialog extends Component {
  element = createRef();
  id = `dialog-${(count += 1)}`;

  componentDidMount() {
    this.element.current.showModal();
  }

  onCancel = (event) => {
    event.preventDefault();
    this.props.onClose();
  };

  /** A click on what is behind closes it. */
  onClick = (event) => {
    if (event.target === this.element.current) this.props.onClose();
  };

  render({ title, onClose, children, actions }) {
    return html`<dialog
      class="dialog"
      ref=${this.element}
      aria-labelledby=${this.id}
      onCancel=${this.onCancel}
      onClick=${this.onClick}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id=${this.id}>${title}</h2>
          <button class="quiet icon-only" aria-label=${t.parts.close} onClick=${onClose}><${Icon} name="close" /></button>
        </div>
        ${children}
        ${actions && html`<div class="dialog-actions">${actions}</div>`}
      </div>
    </dialog>`;
  }
}
