// The frame of every page: bar, navigation, and the place where the page's own view stands.
import { timeText } from "../format.js";
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { hasPage, PAGES } from "../pages/index.js";
import { Empty } from "../parts/card.js";
import { Loading, Problem } from "../parts/notice.js";
import { formatView } from "../route.js";
import { classes, html, Pure } from "../ui.js";

const STEP_MS = 5_000;

/** Says that the page shows the past, while the server does not answer. */
export function StaleBanner({ connection, zone, onRetry }) {
  if (connection.phase === "live" || connection.phase === "connecting") return null;
  const { lastMs } = connection;
  return html`<div class="stale-banner">
    <p>
      ${lastMs === null ? t.connection.staleBannerEmpty : t.connection.staleBanner(timeText(lastMs, zone, { seconds: true }))}
    </p>
    <button class="quiet" onClick=${onRetry}>${t.connection.retryNow}</button>
  </div>`;
}

/** The links to the pages: a rail at the side of a desk's screen, a bar at the thumb of a phone. */
export class Navigation extends Pure {
  render({ view, storeCount }) {
    const pages = Object.entries(PAGES).filter(([, page]) => page.needsStore || storeCount > 1);
    if (pages.length < 2) return null;
    return html`<nav class="pages" aria-label=${t.nav.label}>
      <ul>
        ${pages.map(([name, { icon, needsStore }]) => {
          const hash = formatView({ storeId: needsStore ? view.storeId : null, page: name, item: null, heat: true, params: {} });
          return html`<li key=${name}>
            <a href=${hash || "#"} aria-current=${view.page === name ? "page" : undefined}>
              <${Icon} name=${icon} size=${22} /><span>${t.nav[name]}</span>
            </a>
          </li>`;
        })}
      </ul>
    </nav>`;
  }
}

function problemTexts({ kind, message }) {
  if (kind === "none") return { title: t.stores.none, help: t.stores.noneHelp };
  if (kind === "missing") return { title: t.stores.missing, help: t.stores.missingHelp };
  return { title: t.stores.failed, help: t.stores.failedHelp(message) };
}

function Content({ state, nowMs, actions }) {
  const { store, live, connection, view, pageData, storeProblem } = state;
  if (view.page !== null && !hasPage(view.page))
    return html`<${Empty} icon="note" title=${t.page.unknown} help=${t.page.unknownHelp} />`;
  if (storeProblem) return html`<${Empty} icon="store" ...${problemTexts(storeProblem)} />`;
  const needsStore = view.page === null || PAGES[view.page].needsStore;
  const { module } = pageData;
  if (state.pageProblem) return html`<${Problem} message=${state.pageProblem} onRetry=${actions.reopenPage} />`;
  if (!module || (needsStore && !store)) return html`<${Loading} />`;
  const presentMs = needsStore && connection.phase !== "live" ? connection.lastMs : nowMs;
  // Coarse steps, so that what depends on it is drawn anew every few seconds and not every second.
  const coarse = (ms) => (ms === null ? null : Math.floor(ms / STEP_MS) * STEP_MS);
  const { data, problem } = pageData;
  if (module.load && data === null)
    return problem ? html`<${Problem} message=${problem.message} onRetry=${actions.refreshPage} />` : html`<${Loading} />`;
  return html`${problem && html`<${Problem} message=${problem.message} isSmall=${true} onRetry=${actions.refreshPage} />`}
    <${module.View}
      key=${`${view.page}:${view.storeId}`}
      state=${state}
      view=${view}
      layout=${store?.layout ?? null}
      zone=${store?.time_zone ?? null}
      live=${live}
      nowMs=${coarse(nowMs)}
      atMs=${coarse(presentMs)}
      data=${data}
      dataAtMs=${pageData.atMs}
      isLoading=${pageData.isLoading}
      actions=${actions}
    />`;
}

/** Props: state, nowMs, actions. */
export function PageHost({ state, nowMs, actions }) {
  const { store, connection, view, storeProblem } = state;
  const isCutOff = store && state.hasSnapshot && connection.phase !== "live";
  return html`<main
    class=${classes("page", view.page && `${view.page}-page`, isCutOff && "is-cut-off")}
    id="content"
    tabindex="-1"
  >
    ${store && !storeProblem && html`<${StaleBanner} connection=${connection} zone=${store.time_zone} onRetry=${actions.retryNow} />`}
    <${Content} state=${state} nowMs=${nowMs} actions=${actions} />
  </main>`;
}
