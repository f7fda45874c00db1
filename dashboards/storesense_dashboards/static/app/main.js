// The page begins here: it joins controller and views, and draws after changes and once a second.
import { Controller } from "./controller.js";
import { t } from "./i18n/index.js";
import { formatView } from "./route.js";
import { bringIntoView, html, render } from "./ui.js";
import { Empty } from "./parts/card.js";
import { Toasts } from "./parts/toast.js";
import { Header } from "./views/header.js";
import { Navigation, PageHost } from "./views/shell.js";
import { SignIn } from "./views/signin.js";

const root = document.getElementById("app");
let isDrawDue = false;

const controller = new Controller(() => {
  if (isDrawDue) return;
  isDrawDue = true;
  // A hidden page gets no animation frames, and shall still be up to date for the title and for screen readers.
  if (document.hidden) setTimeout(draw, 200);
  else requestAnimationFrame(draw);
});

const actions = {
  chooseStore: controller.chooseStore,
  signOut() {
    dispatchEvent(new Event("storesense:left"));
    return controller.signOut();
  },
  acknowledge: controller.acknowledge,
  select: controller.select,
  setHeat: controller.setHeat,
  /** Let the address say other params of the open page, without an entry in the browser's history. */
  setParams(params) {
    history.replaceState(null, "", location.pathname + formatView({ ...controller.state.view, params }));
    dispatchEvent(new HashChangeEvent("hashchange"));
  },
  retryNow: controller.retryNow,
  /** Show another page, or the same with other `params`: `open({page: "alerts", params: {severity: "critical"}})`. */
  open: controller.open,
  /** Ask for the page's data anew. */
  refreshPage: controller.refreshPage,
  reopenPage: controller.reopenPage,
  /** Select a place and bring the plan into view, from whatever page. */
  showOnPlan(item) {
    controller.select(item);
    if (controller.state.view.page !== "floor") return controller.open({ page: "floor", item });
    return bringIntoView(() => document.querySelector(".plan"));
  },
};

function Announcer({ announcement: { text, urgent, number } }) {
  // A counter in the key makes a repeated text a new one, which screen readers read again.
  const said = html`<span key=${number}>${text}</span>`;
  return html`<div class="visually-hidden">
    <div role="status" id="announcer">${!urgent && said}</div>
    <div aria-live="assertive" id="urgent-announcer">${urgent && said}</div>
  </div>`;
}

let lastUser = null;

/** What one person typed and did not save is not for another. */
function signIn(userName, password) {
  if (userName !== lastUser) dispatchEvent(new Event("storesense:left"));
  return controller.signIn(userName, password);
}

function Page({ state, nowMs }) {
  if (state.session === undefined)
    return html`<main class="page" id="content">
      ${state.startProblem
        ? html`<${Empty} icon="warning" title=${t.stores.failed} help=${t.stores.failedHelp(state.startProblem.message)} />`
        : html`<p class="loading" role="status">${t.stores.loading}</p>`}
    </main>`;
  if (state.session === null) return html`<${SignIn} ended=${state.sessionEnded} onSignIn=${signIn} />`;
  lastUser = state.session.user.user_name;
  return html`<${Header} state=${state} nowMs=${nowMs} actions=${actions} />
    <${Navigation} view=${state.view} storeCount=${state.stores?.length ?? 0} />
    <${PageHost} state=${state} nowMs=${nowMs} actions=${actions} />
    <${Toasts} />
    <${Announcer} announcement=${state.announcement} />`;
}

function titleOf(state) {
  const { module } = state.pageData;
  const page = state.view.page === "floor" ? "" : (module?.title?.(state) ?? "");
  const open = Object.values(state.live.alerts).filter((alert) => alert.state === "open").length;
  const name = [page, state.store?.name, t.product].filter(Boolean).join(" · ");
  return open ? `(${open}) ${name}` : name;
}

function draw() {
  isDrawDue = false;
  const { state } = controller;
  render(html`<${Page} state=${state} nowMs=${Math.floor(controller.nowMs() / 1000) * 1000} />`, root);
  const title = titleOf(state);
  if (document.title !== title) document.title = title;
}

document.documentElement.lang = t.lang;
setInterval(draw, 1000);
controller.start();
