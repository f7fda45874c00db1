// A button that opens a small box under it. Escape, a click elsewhere, or leaving it by keyboard closes it.
import { Icon } from "../icons.js";
import { classes, Component, createRef, html } from "../ui.js";

/**
 * Props: label (its name; shown if `isLabelled`), icon, children (what the box holds), className, isLabelled, onOpen.
 */
export class Menu extends Component {
  state = { isOpen: false };
  box = createRef();
  button = createRef();

  componentWillUnmount() {
    document.removeEventListener("pointerdown", this.onElsewhere);
  }

  #open(isOpen) {
    if (isOpen === this.state.isOpen) return;
    this.setState({ isOpen });
    if (isOpen) {
      document.addEventListener("pointerdown", this.onElsewhere);
      this.props.onOpen?.();
    } else document.removeEventListener("pointerdown", this.onElsewhere);
  }

  onElsewhere = (event) => {
    if (!this.box.current?.contains(event.target)) this.#open(false);
  };

  onKeyDown = (event) => {
    if (event.key !== "Escape" || !this.state.isOpen) return;
    event.stopPropagation();
    this.#open(false);
    this.button.current.focus();
  };

  onFocusOut = (event) => {
    if (event.relatedTarget && !this.box.current.contains(event.relatedTarget)) this.#open(false);
  };

  render({ label, icon, children, className, isLabelled }, { isOpen }) {
    return html`<div
      class=${classes("menu", className)}
      ref=${this.box}
      onKeyDown=${this.onKeyDown}
      onFocusOut=${this.onFocusOut}
    >
      <button
        ref=${this.button}
        class=${classes("quiet", !isLabelled && "icon-only")}
        aria-label=${isLabelled ? undefined : label}
        title=${isLabelled ? undefined : label}
        aria-expanded=${isOpen ? "true" : "false"}
        onClick=${() => this.#open(!isOpen)}
      >
        ${icon && html`<${Icon} name=${icon} />`}${isLabelled && label}
      </button>
      ${isOpen && html`<div class="menu-box" role="group" aria-label=${label}>${children}</div>`}
    </div>`;
  }
}
