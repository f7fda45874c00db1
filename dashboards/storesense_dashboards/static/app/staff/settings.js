// What belongs to this phone: being told, which store, look and language, the way back, signing out.
import { pageTexts, t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Dialog } from "../parts/dialog.js";
import { Component, html } from "../ui.js";
import { LookChoices } from "../views/settings.js";
import * as push from "./push.js";

const p = await pageTexts("staff");

/** The button that lets this phone be told, or why it cannot be. Props: storeId. */
class Told extends Component {
  state = { isOn: null, problem: push.obstacle(), isBusy: false };

  async componentDidMount() {
    this.setState({ isOn: await push.isOn() });
  }

  onToggle = async () => {
    this.setState({ isBusy: true });
    const problem = this.state.isOn ? await push.turnOff() : await push.turnOn(this.props.storeId);
    this.setState({ isOn: await push.isOn(), problem: problem ?? null, isBusy: false });
    if (problem === null) navigator.vibrate?.(80);
  };

  render(_, { isOn, problem, isBusy }) {
    const isFinal = problem !== null && push.obstacle() !== null;
    return html`<section class="staff-told">
      <h3>${p.push.title}</h3>
      <p class="hint" role="status">${isOn ? p.push.on : problem === null ? p.push.off : p.push.problems[problem]}</p>
      ${!isFinal &&
      html`<button class=${isOn ? "plain wide large" : "primary wide large"} disabled=${isBusy || isOn === null} onClick=${this.onToggle}>
        <${Icon} name="bell" />${isOn ? p.push.turnOff : p.push.turnOn}
      </button>`}
    </section>`;
  }
}

/** Props: user, stores, storeId, waiting (how many actions are not sent), onStore(id), onSignOut(), onClose(). */
export function SettingsSheet({ user, stores, storeId, waiting, onStore, onSignOut, onClose }) {
  return html`<${Dialog} title=${p.settings} onClose=${onClose}>
    <div class="staff-settings">
      <${Told} storeId=${storeId} />
      ${stores.length > 1 &&
      html`<label class="staff-store">
        <span>${t.header.store}</span>
        <select value=${storeId} onChange=${(event) => onStore(event.target.value)}>
          ${stores.map((store) => html`<option key=${store.store_id} value=${store.store_id}>${store.name}</option>`)}
        </select>
      </label>`}
      <${LookChoices} />
      <a class="staff-desk" href=${`/#store=${encodeURIComponent(storeId)}`}><${Icon} name="screen" />${p.desk}</a>
      ${waiting > 0 && html`<p class="hint gap-text">${p.signOutWaiting(waiting)}</p>`}
      <button class="plain wide large" onClick=${onSignOut}><${Icon} name="signOut" />${p.signOut(user.user_name)}</button>
    </div>
  <//>`;
}
