// The store view: everything about one store on one page.
import { timeText } from "../format.js";
import { t } from "../i18n/index.js";
import { placesNeedingAction } from "../state.js";
import { classes, html, Pure } from "../ui.js";
import { Alerts } from "./alerts.js";
import { Empty } from "./card.js";
import { KeyFigures } from "./figures.js";
import { Floor } from "./floor.js";
import { Footfall } from "./footfall.js";
import { Devices, Queues } from "./lists.js";
import { Shelves } from "./shelves.js";

const STEP_MS = 5_000;
const WIDE = "(min-width: 1080px)"; // as in page.css

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

/** Props: state, nowMs, actions. */
export class StoreView extends Pure {
  #needing = { alerts: null, places: null };
  #wideQuery = matchMedia(WIDE);
  state = { wide: this.#wideQuery.matches };

  onWide = () => this.setState({ wide: this.#wideQuery.matches });

  componentDidMount() {
    this.#wideQuery.addEventListener("change", this.onWide);
  }

  componentWillUnmount() {
    this.#wideQuery.removeEventListener("change", this.onWide);
  }

  /** The same set as long as the alerts are the same, so that the plan need not be drawn again. */
  #placesNeedingAction(alerts) {
    if (this.#needing.alerts !== alerts) this.#needing = { alerts, places: placesNeedingAction(alerts) };
    return this.#needing.places;
  }

  render({ state, nowMs, actions }, { wide }) {
    const { store, live, connection, view, session } = state;
    if (!store || !state.hasSnapshot) {
      return html`<main class="page" id="content" tabindex="-1">
        ${state.storeProblem
          ? html`<${Empty} icon="store" ...${problemTexts(state.storeProblem)} />`
          : html`<p class="loading" role="status">${t.stores.loading}</p>`}
      </main>`;
    }
    const { layout } = store;
    const isLive = connection.phase === "live";
    const presentMs = isLive ? nowMs : connection.lastMs;
    // Coarse steps, so that what depends on it is drawn anew every few seconds and not every second.
    const atMs = presentMs === null ? null : Math.floor(presentMs / STEP_MS) * STEP_MS;
    const needing = this.#placesNeedingAction(live.alerts);
    const shared = { layout, live, atMs };
    const selected = view.item;
    const onShow = actions.showOnPlan;
    const alerts = html`<${Alerts}
      key="alerts"
      layout=${layout}
      live=${live}
      atMs=${atMs}
      acks=${state.acks}
      user=${session.user}
      nowMs=${Math.floor(nowMs / STEP_MS) * STEP_MS}
      selected=${selected}
      actions=${actions}
    />`;
    const figures = html`<${KeyFigures} key="figures" ...${shared} needing=${needing} />`;
    const floor = html`<${Floor}
        key="floor"
        ...${shared}
        item=${selected}
        needing=${needing}
        heatOn=${view.heat}
        heat=${state.heat}
        actions=${actions}
      />
      <${Footfall} key="footfall" layout=${layout} footfall=${state.footfall} />`;
    const lists = html`<${Queues} key="queues" ...${shared} needing=${needing} selected=${selected} onShow=${onShow} />
      <${Shelves} key="shelves" ...${shared} selected=${selected} onShow=${onShow} />`;
    const devices = html`<${Devices} key="devices" live=${live} atMs=${atMs} zone=${store.time_zone} />`;
    // Two orders, so that what is seen and what the tab key reaches come in the same order on every screen.
    return html`<main class=${classes("page", "store-page", !isLive && "is-cut-off")} id="content" tabindex="-1">
      <${StaleBanner} connection=${connection} zone=${store.time_zone} onRetry=${actions.retryNow} />
      ${wide
        ? html`${figures}
            <div class="side">${alerts}${lists}</div>
            <div class="middle">${floor}${devices}</div>`
        : html`${alerts}${figures}${floor}${lists}${devices}`}
    </main>`;
  }
}

function problemTexts({ kind, message }) {
  if (kind === "none") return { title: t.stores.none, help: t.stores.noneHelp };
  if (kind === "missing") return { title: t.stores.missing, help: t.stores.missingHelp };
  return { title: t.stores.failed, help: t.stores.failedHelp(message) };
}
