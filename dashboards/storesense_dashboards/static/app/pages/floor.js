// The floor of one store, live: alerts, key figures, plan, footfall, queues, shelves and devices.
import { t } from "../i18n/index.js";
import { Loading } from "../parts/notice.js";
import { placesNeedingAction } from "../state.js";
import { html, Pure } from "../ui.js";
import { Alerts } from "../views/alerts.js";
import { KeyFigures } from "../views/figures.js";
import { Floor, Lazy } from "../views/floor.js";
import { Footfall } from "../views/footfall.js";
import { Devices, Queues } from "../views/lists.js";
import { Shelves } from "../views/shelves.js";

const WIDE = "(min-width: 1080px)"; // as in page.css
const FIRST_VIEW_MS = 1_500; // what may come after it does not delay it

const loadReplay = () => import("../floor/replay.js").then((module) => module.Replay);
const loadWall = () => import("../floor/wall.js").then((module) => module.Wall);
const loadSight = async () => {
  await new Promise((done) => setTimeout(done, FIRST_VIEW_MS));
  return (await import("../floor/sight.js")).Sight;
};
const loadAdvice = () => import("../floor/advice.js").then((module) => module.Advice);

/** The stream brings all of it; there is nothing to ask for. */
export const refreshMs = 0;

export const title = () => t.floor.title;

/** Props: as every page's View. */
export class View extends Pure {
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

  render({ state, layout, live, nowMs, atMs, view, actions }, { wide }) {
    if (!state.hasSnapshot) return html`<${Loading} />`;
    const needing = this.#placesNeedingAction(live.alerts);
    const { params, storeId } = view;
    if (params.mode === "wall")
      return html`<${Lazy}
        load=${loadWall}
        waiting=${html`<${Loading} />`}
        ...${{ layout, live, atMs, nowMs, needing, storeId, params, actions }}
        heat=${state.heat}
        connection=${state.connection}
      />`;
    if (params.at)
      return html`<${Lazy}
        load=${loadReplay}
        waiting=${html`<${Loading} />`}
        ...${{ layout, nowMs, storeId, params, actions, wide }}
        item=${view.item}
        heatOn=${view.heat}
      />`;
    const shared = { layout, live, atMs };
    const selected = view.item;
    const onShow = actions.showOnPlan;
    const alerts = html`<${Alerts}
      key="alerts"
      layout=${layout}
      live=${live}
      atMs=${atMs}
      acks=${state.acks}
      user=${state.session.user}
      nowMs=${nowMs}
      selected=${selected}
      actions=${actions}
    />`;
    const figures = html`<${KeyFigures} key="figures" ...${shared} needing=${needing} />`;
    const floor = html`<${Lazy} key="sight" load=${loadSight} layout=${layout} storeId=${storeId} nowMs=${nowMs} />
      <${Floor}
        key="floor"
        ...${shared}
        item=${selected}
        needing=${needing}
        heatOn=${view.heat}
        heat=${state.heat}
        params=${params}
        storeId=${storeId}
        nowMs=${nowMs}
        actions=${actions}
      />
      <${Footfall} key="footfall" layout=${layout} footfall=${state.footfall} />`;
    const advice = layout.queues.length > 0 && html`<${Lazy} load=${loadAdvice} storeId=${storeId} />`;
    const lists = html`<${Queues} key="queues" ...${shared} needing=${needing} selected=${selected} onShow=${onShow} foot=${advice} />
      <${Shelves} key="shelves" ...${shared} selected=${selected} onShow=${onShow} />`;
    const devices = html`<${Devices} key="devices" live=${live} atMs=${atMs} zone=${layout.time_zone} />`;
    // Two orders, so that what is seen and what the tab key reaches come in the same order on every screen.
    return wide
      ? html`${figures}
          <div class="side">${alerts}${lists}</div>
          <div class="middle">${floor}${devices}</div>`
      : html`${alerts}${figures}${floor}${lists}${devices}`;
  }
}
