// The bar at the top: which store, what time it is there, whether the page is live, and who is signed in.
import { dateText, dayTimeText, timeText, zonesDiffer } from "../format.js";
import { t } from "../i18n/index.js";
import { Icon, Mark } from "../icons.js";
import { hasPage, PAGES } from "../pages/index.js";
import { html } from "../ui.js";
import { Settings } from "./settings.js";

const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function StoreName({ stores, view, onStore }) {
  const current = stores.find((store) => store.store_id === view.storeId);
  if (view.page && hasPage(view.page) && !PAGES[view.page].needsStore) return html`<h1 class="store-name">${t.nav[view.page]}</h1>`;
  if (stores.length < 2 && current) return html`<h1 class="store-name">${current.name}</h1>`;
  if (!stores.length) return html`<h1 class="store-name">${t.product}</h1>`;
  return html`<h1 class="store-name">
    <label class="visually-hidden" for="store-picker">${t.header.store}</label>
    <select id="store-picker" value=${view.storeId} onChange=${(event) => onStore(event.target.value)}>
      ${!current && html`<option value=${view.storeId ?? ""}>${view.storeId ?? ""}</option>`}
      ${stores.map(
        (store) =>
          html`<option key=${store.store_id} value=${store.store_id}>
            ${t.header.storeOption(store.name, store.open_alerts)}
          </option>`,
      )}
    </select>
  </h1>`;
}

function StoreClock({ zone, nowMs }) {
  const differs = browserZone && zonesDiffer(zone, browserZone, nowMs);
  return html`<div class="clock" title=${t.header.zone(zone)}>
    <time dateTime=${new Date(nowMs).toISOString()}>${timeText(nowMs, zone)}</time>
    <span class="clock-date">${dateText(nowMs, zone)}</span>
    ${differs && html`<span class="clock-yours">${t.header.yourTime(dayTimeText(nowMs, nowMs, browserZone))}</span>`}
  </div>`;
}

/** Whether the page is live, and since when it has not been. */
export function Connection({ connection, zone }) {
  const { phase, lastMs } = connection;
  const last = lastMs === null ? t.connection.noUpdate : t.connection.lastUpdate(timeText(lastMs, zone, { seconds: true }));
  return html`<div class=${`connection is-${phase}`} title=${last}>
    <span class="connection-dot" aria-hidden="true"></span>
    <span>${t.connection[phase]}</span>
    ${phase !== "live" && lastMs !== null && html`<span class="connection-last">${last}</span>`}
  </div>`;
}

/** Props: state, nowMs, actions. */
export function Header({ state, nowMs, actions }) {
  const zone = state.store?.time_zone;
  const { user } = state.session;
  return html`<header class="top">
    <a class="skip" href="#content" onClick=${skipToContent}>${t.skipToContent}</a>
    <${Mark} />
    <${StoreName} stores=${state.stores ?? []} view=${state.view} onStore=${actions.chooseStore} />
    ${zone && html`<${StoreClock} zone=${zone} nowMs=${nowMs} />`}
    ${state.view.storeId && !state.storeProblem && html`<${Connection} connection=${state.connection} zone=${zone ?? browserZone} />`}
    <${Settings} storeId=${state.view.storeId} />
    <button class="quiet sign-out" onClick=${actions.signOut} title=${t.signIn.signedInAs(user.user_name, user.role)}>
      <${Icon} name="signOut" /><span>${t.signIn.signOut}</span>
    </button>
  </header>`;
}

function skipToContent(event) {
  // The hash holds the view, so the skip link moves the focus itself.
  event.preventDefault();
  document.getElementById("content")?.focus();
}
