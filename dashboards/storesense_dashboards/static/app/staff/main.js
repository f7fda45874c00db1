// The staff app: what is to do, in large type for one hand; what is done waits on the phone until the network takes it.
import { actionPath, reportPath, sendAction } from "../alerts/calls.js";
import { endsByHand, isMine, mayAct, newKey, REPORTS, staffLists } from "../alerts/work.js";
import { api } from "../api.js";
import { agoText, parseInstant, timeText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Icon, Mark } from "../icons.js";
import { LiveStream } from "../live.js";
import { remember, remembered } from "../memory.js";
import { withLists } from "../opening.js";
import { Empty } from "../parts/card.js";
import { Dialog } from "../parts/dialog.js";
import { Loading } from "../parts/notice.js";
import { Toasts } from "../parts/toast.js";
import { CountDialog } from "../shelves/count_dialog.js";
import { applyAlert, applySnapshot, emptyLive } from "../state.js";
import { scriptUrl } from "../trusted.js";
import { classes, html, render } from "../ui.js";
import { SignIn } from "../views/signin.js";
import * as outbox from "./outbox.js";
import { renew, turnOff } from "./push.js";
import { SettingsSheet } from "./settings.js";

const [p, a] = await Promise.all([pageTexts("staff"), pageTexts("alerts")]);
const RETRY_MS = 5_000;
/** Which store and which alert the address asks for. */
const askedFor = () => {
  const given = new URLSearchParams(location.hash.slice(1));
  return { store: given.get("store"), alert: given.get("alert") };
};
const root = document.getElementById("app");
const state = {
  user: undefined, stores: [], store: null, asked: askedFor(), live: emptyLive(), phase: "connecting", atMs: null, waiting: [], saidDone: {},
  list: "section", sheet: null, sections: JSON.parse(remembered("staff.sections") ?? "[]"),
};
let stream = null;

const set = (change) => {
  Object.assign(state, change);
  render(html`<${App} />`, root);
};
const buzz = (pattern) => navigator.vibrate?.(pattern);

/** The alerts as they will be when what waits is sent. */
function alerts() {
  const shown = { ...state.live.alerts };
  for (const { alertId, name, problem } of state.waiting) {
    const alert = shown[alertId];
    if (!alert || problem) continue;
    if (name === "take") shown[alertId] = { ...alert, state: "in_hand", taken_by: state.user.user_name };
    if (name === "release") shown[alertId] = { ...alert, state: "open", taken_by: null };
    if (name === "resolve" || name === "dismiss") delete shown[alertId];
  }
  return shown;
}

async function send() {
  if (state.user) await outbox.drain(state.user.user_name, async ({ path, body, key, alertId }) => {
    const answer = await sendAction(path, body, key);
    if (alertId) state.live = applyAlert(state.live, answer);
  });
  set({ waiting: await outbox.all() });
}

/** Do something now on the screen, and on the server when it can be reached. */
async function act(alert, name, body = {}, label = alert.title) {
  buzz(30);
  set({ sheet: null }); // now: what is opened while this one is being kept stays open
  const path = actionPath(state.store.store_id, alert.alert_id, name);
  await outbox.add({ key: newKey(), userName: state.user.user_name, path, body, alertId: alert.alert_id, name, label });
  set({ waiting: await outbox.all() });
  send();
}

async function cannot(alert, reason) {
  const wasMine = isMine(alert, state.user.user_name);
  await act(alert, "note", { text: `${p.cannot}: ${p.reasons[reason]}` });
  if (wasMine) await act(alert, "release");
}

async function report(what, sectionId) {
  buzz(30);
  set({ sheet: null });
  const body = { what, ...(sectionId && { place_kind: "section", place_id: sectionId }) };
  const label = a.reports[what];
  await outbox.add({ key: newKey(), userName: state.user.user_name, path: reportPath(state.store.store_id), body, alertId: null, name: "report", label });
  set({ waiting: await outbox.all() });
  send();
}

function done(alert) {
  if (endsByHand(alert)) return act(alert, "resolve");
  state.saidDone[alert.alert_id] = true;
  return act(alert, "note", { text: p.doneSaid });
}

function take(name, value) {
  if (name === "snapshot") state.live = applySnapshot(state.live, value);
  else if (name === "alert") {
    const isNew = !state.live.alerts[value.alert_id] && value.state === "open";
    state.live = applyAlert(state.live, value);
    const isOurs = !state.sections.length || state.sections.includes(value.section_id);
    if (isNew && isOurs) buzz(value.severity === "critical" ? [300, 100, 300] : [150]);
  } else return;
  const { store, live, user } = state;
  outbox.keep("view", { store, alerts: Object.values(live.alerts), user, atMs: Date.now() });
  const isFirst = name === "snapshot" && state.asked.alert;
  set({ atMs: Date.now() });
  if (isFirst) showAsked();
  send();
}

/** Go to an alert, of this store or another: what a notification or a link asks for. */
function ask(asked) {
  const isElsewhere = asked.store && state.store && asked.store !== state.store.store_id;
  set({ asked, sheet: null, ...(asked.alert && { list: "all" }) });
  if (isElsewhere) chooseStore(asked.store);
  else if (asked.alert) showAsked();
}

/** Bring the alert that was asked for to where it is seen. */
const showAsked = () => root.querySelector(".task.is-selected")?.scrollIntoView({ block: "center" });

function chooseStore(storeId) {
  stream?.stop();
  remember("staff.store", storeId);
  const { alert } = state.asked.store === storeId ? state.asked : {};
  // Written without an entry in the history: Back leaves the app, as a phone's user expects.
  history.replaceState(null, "", `#${new URLSearchParams({ store: storeId, ...(alert && { alert }) })}`);
  remember("staff.sections", null);
  set({ asked: askedFor(), store: null, live: emptyLive(), sections: [], sheet: null });
  start();
}

async function signOut() {
  // Who comes next on this phone is told nothing that is meant for somebody else.
  await turnOff().catch((error) => console.info("This phone may still be told:", error.message));
  await api.signOut().catch(() => null);
  stream?.stop();
  await outbox.keep("view", null);
  set({ user: null, sheet: null, store: null, live: emptyLive() });
}

async function start() {
  const view = await outbox.recall("view").catch(() => null);
  try {
    const { user } = await api.session();
    const { stores } = await api.stores();
    const known = (id) => stores.some((each) => each.store_id === id);
    const storeId = [state.asked.store, remembered("staff.store")].find(known) ?? stores[0]?.store_id;
    if (!storeId) return set({ user, stores, problem: t.stores.none });
    const store = withLists(await api.store(storeId));
    remember("staff.store", storeId);
    set({ user, stores, store, problem: null, waiting: await outbox.all() });
    stream?.stop();
    stream = new LiveStream({
      url: api.streamUrl(storeId), onEvent: take, onPhase: (phase) => set({ phase }),
      onRefused: (status) => status === 401 && set({ user: null }),
    });
    stream.start();
    send();
    renew(storeId);
  } catch (error) {
    if (error.status === undefined) throw error;
    if (error.status === 401) return set({ user: null });
    if (view && state.user === undefined)
      set({ user: view.user, stores: [view.store], store: view.store, atMs: view.atMs, phase: "offline", waiting: await outbox.all(),
        live: applySnapshot(emptyLive(), { alerts: view.alerts }) });
    setTimeout(start, RETRY_MS);
  }
  return undefined;
}

function Task({ alert }) {
  const mine = isMine(alert, state.user.user_name);
  const isSaid = mine && state.saidDone[alert.alert_id];
  const openedMs = parseInstant(alert.opened_at) ?? Date.now();
  const section = state.store.layout.sections.find(({ id }) => id === alert.section_id)?.name;
  const isAsked = String(alert.alert_id) === state.asked.alert;
  return html`<li class=${classes("task", `severity-${a.severity[alert.severity] ? alert.severity : "warning"}`, isAsked && "is-selected")} data-alert=${alert.alert_id}>
    <p class="task-head"><span class="badge">${a.severity[alert.severity]}</span> ${section} · ${agoText(openedMs, Date.now())}</p>
    <h2>${alert.action}</h2>
    <p>${alert.title}</p>
    ${alert.state === "in_hand" && !mine && html`<p class="hint">${p.others(alert.taken_by)}</p>`}
    ${isSaid && html`<p class="task-said"><${Icon} name="check" />${p.confirming}</p>`}
    ${mayAct(state.user) && !isSaid && (mine || alert.state !== "in_hand") &&
    html`<div class="task-buttons">
      <button class="primary" aria-label=${a.actions.of(mine ? p.doneByHand : a.actions.take, alert.title)}
        onClick=${() => (mine ? done(alert) : act(alert, "take"))}>${mine ? p.doneByHand : a.actions.take}</button>
      <button class="plain" aria-label=${p.cannotOf(alert.title)} onClick=${() => set({ sheet: { name: "cannot", alert } })}>${p.cannot}</button>
    </div>`}
  </li>`;
}

const large = (label, onClick) => html`<button class="plain wide large" onClick=${onClick}>${label}</button>`;

/** The sections in which something may be counted. */
const withSlots = ({ sections, slots }) => sections.filter(({ id }) => slots.some((slot) => slot.section === id));

function Sheet() {
  const { sheet } = state;
  if (!sheet) return null;
  const onClose = () => set({ sheet: null });
  if (sheet.name === "settings") {
    const { user, stores, store } = state;
    return html`<${SettingsSheet} user=${user} stores=${stores} storeId=${store.store_id} waiting=${waitingOf(user)} onStore=${chooseStore} onSignOut=${signOut} onClose=${onClose} />`;
  }
  if (sheet.name === "cannot")
    return html`<${Dialog} title=${p.cannotTitle} onClose=${onClose}>
      ${Object.keys(p.reasons).map((reason) => large(p.reasons[reason], () => cannot(sheet.alert, reason)))}
      ${large(p.wrong, () => act(sheet.alert, "dismiss", { reason: "wrong" }))}
    <//>`;
  const { sections, slots } = state.store.layout;
  if (sheet.name === "count" && sheet.slot)
    return html`<${CountDialog} storeId=${state.store.store_id} slot=${sheet.slot} onClose=${onClose} onCounted=${onClose} />`;
  const isCount = sheet.name === "count";
  const among = isCount ? withSlots(state.store.layout) : sections;
  const chosen = sheet.section ?? state.sections.find((id) => among.some((each) => each.id === id)) ?? among[0]?.id;
  return html`<${Dialog} title=${isCount ? p.countTitle : p.reportTitle} onClose=${onClose}>
    <label>${p.where}<select value=${chosen} onChange=${(event) => set({ sheet: { ...sheet, section: event.target.value } })}>
      ${among.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
    </select></label>
    ${isCount
      ? slots.filter((slot) => slot.section === chosen).map((slot) => large(slot.name, () => set({ sheet: { ...sheet, slot } })))
      : REPORTS.map((what) => large(a.reports[what], () => report(what, chosen)))}
  <//>`;
}

/** How many actions of somebody are not sent yet. */
const waitingOf = (user) => state.waiting.filter((action) => action.userName === user.user_name && !action.problem).length;

function toggleSection(id) {
  const sections = state.sections.includes(id) ? state.sections.filter((each) => each !== id) : [...state.sections, id];
  remember("staff.sections", JSON.stringify(sections));
  set({ sections });
}

function App() {
  const { user, store, list, phase, waiting, atMs } = state;
  if (user === null) return html`<${SignIn} onSignIn=${async (name, password) => { await api.signIn(name, password); await start(); }} />`;
  if (state.problem) return html`<${Empty} icon="store" title=${state.problem} help=${t.stores.noneHelp} />`;
  if (!user || !store) return html`<${Loading} />`;
  const lists = staffLists(alerts(), { userName: user.user_name, nowMs: Date.now(), sections: state.sections });
  const own = waiting.filter((action) => action.userName === user.user_name);
  const refused = own.filter((action) => action.problem);
  const count = waitingOf(user);
  const isAskedOver = state.asked.alert && phase === "live" && !lists.all.some((alert) => String(alert.alert_id) === state.asked.alert);
  return html`<header class="staff-top"><${Mark} /><h1>${store.name}</h1>
      ${count > 0 && html`<span class="count" data-waiting=${count}>${p.waiting(count)}</span>`}
      <span class=${classes("connection", `is-${phase}`)}><span class="connection-dot" aria-hidden="true"></span>${t.connection[phase]}</span>
      <button class="quiet icon-only" aria-label=${p.settings} title=${p.settings} onClick=${() => set({ sheet: { name: "settings" } })}><${Icon} name="setup" /></button></header>
    <main class="staff-main" id="content">
      ${phase !== "live" && atMs && html`<p class="stale-banner">${p.asOf(timeText(atMs, store.time_zone))}</p>`}
      <div role="alert">${refused.map((action) => html`<p class="problem" key=${action.number}>${p.refused(action.label, action.problem)}
        <button class="quiet" onClick=${async () => { await outbox.remove(action.number); set({ waiting: await outbox.all() }); }}>${t.parts.dismiss}</button></p>`)}</div>
      ${isAskedOver && html`<p class="stale-banner" role="status">${p.askedOver}
        <button class="quiet" onClick=${() => set({ asked: { ...state.asked, alert: null } })}>${t.parts.dismiss}</button></p>`}
      ${list === "section" && !state.sections.length && html`<p class="hint">${p.chooseSections}</p>`}
      ${list === "section" && html`<div class="chips" role="group" aria-label=${p.chooseSections}>${store.layout.sections.map(({ id, name }) =>
        html`<button key=${id} class="plain" aria-pressed=${state.sections.includes(id) ? "true" : "false"} onClick=${() => toggleSection(id)}>${name}</button>`)}</div>`}
      <ul class="tasks">${lists[list].map((alert) => html`<${Task} key=${alert.alert_id} alert=${alert} />`)}</ul>
      ${lists[list].length === 0 && html`<${Empty} icon="check" title=${p.none[list]} help=${p.noneHelp} />`}
    </main>
    <nav class="staff-bar" aria-label=${p.listsLabel}>
      ${Object.keys(p.lists).map((name) => html`<button key=${name} aria-current=${name === list ? "page" : undefined} onClick=${() => set({ list: name })}>
        ${p.lists[name]} <span class="count">${lists[name].length}</span></button>`)}
      ${mayAct(user) && store.layout.slots.length > 0 && html`<button onClick=${() => set({ sheet: { name: "count" } })}>${p.count}</button>`}
      ${mayAct(user) && html`<button class="primary" onClick=${() => set({ sheet: { name: "report" } })}>${p.report}</button>`}
    </nav><${Sheet} /><${Toasts} />`;
}

/** Let the app open without a network; a browser that cannot goes without. */
async function install() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(scriptUrl("/staff/worker.js"), { scope: "/staff" });
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name.split("#")[0]);
    active.postMessage({ keep: [...new Set(loaded)].filter((url) => url.includes("/static/")) });
  } catch (error) {
    console.info("The app cannot be kept for later:", error.message);
  }
}

document.documentElement.lang = t.lang;
document.title = `${p.title} · ${t.product}`;
if (state.asked.alert) state.list = "all";
addEventListener("online", send);
addEventListener("hashchange", () => ask(askedFor()));
// A notification that was tapped while the app is open: its worker says which alert.
navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (data?.open) ask({ store: data.open.store ?? null, alert: data.open.alert === null ? null : String(data.open.alert) });
});
setInterval(send, RETRY_MS);
start();
install();
