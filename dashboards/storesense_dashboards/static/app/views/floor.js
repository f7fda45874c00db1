// The card of the floor plan: the heat switch, the plan, its legend and the details of what is selected.
import { durationText } from "../format.js";
import { FloorPlan } from "../floor/plan.js";
import { heatScaleS } from "../floor/heat.js";
import { unplacedItems } from "../floor/places.js";
import { placeName } from "../floor/describe.js";
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Component, html, Pure } from "../ui.js";
import { Card, Empty } from "../parts/card.js";
import { Detail } from "./detail.js";

const LOAD_AGAIN_MS = 5_000;

/**
 * A part that is fetched when it is first shown, so that the first view need not carry it. Props: load() (gives a promise of its
 * component), the component's own.
 */
export class Lazy extends Component {
  state = { View: null };

  componentDidMount() {
    this.#load();
  }

  async #load() {
    try {
      const View = await this.props.load();
      if (!this.isGone) this.setState({ View });
    } catch (error) {
      // The server is away; everything else on the page waits for it as well.
      if (!(error instanceof TypeError)) throw error;
      if (!this.isGone) this.timer = setTimeout(() => this.#load(), LOAD_AGAIN_MS);
    }
  }

  componentWillUnmount() {
    this.isGone = true;
    clearTimeout(this.timer);
  }

  render({ load: _load, waiting, ...props }, { View }) {
    return View ? html`<${View} ...${props} />` : waiting;
  }
}

const loadTools = () => import("../floor/tools.js").then((module) => module.Tools);

function HeatLegend({ heat }) {
  if (heat.error) return html`<p class="heat-legend gap-text" role="status">${t.floor.heatFailed}</p>`;
  if (!heat.grid) return html`<p class="heat-legend">${t.floor.heatLoading}</p>`;
  const scaleS = heatScaleS(heat.grid);
  if (scaleS === null) return html`<p class="heat-legend">${t.floor.heatNone}</p>`;
  const perSquareMetreS = scaleS / heat.grid.cell_size_m ** 2;
  return html`<p class="heat-legend">
    <span>${t.floor.heatLegend}</span>
    <span class="heat-scale"><span>${t.floor.heatLow}</span><span class="heat-ramp" aria-hidden="true"></span><span>${t.floor.heatHigh(durationText(perSquareMetreS))}</span></span>
  </p>`;
}

const LEGEND = [
  ["way-in", "legendIn", "lines"],
  ["slot-ok", "legendFilled", "slots"],
  ["slot-low", "legendLow", "slots"],
  ["lane-open", "legendOpen", "lanes"],
  ["lane-unstaffed", "legendUnstaffed", "lanes"],
  ["lane-closed", "legendClosed", "lanes"],
  ["device-on", "legendDevice", "devices"],
  ["no-data", "legendStale", null],
];

function Legend({ layout, hasDevices }) {
  return html`<ul class="legend" aria-label=${t.floor.legend}>
    ${LEGEND.filter(([, , family]) => (family === "devices" ? hasDevices : !family || layout[family].length)).map(
      ([name, text]) => html`<li key=${name}><span class=${`swatch ${name}`} aria-hidden="true"></span>${t.floor[text]}</li>`,
    )}
  </ul>`;
}

/**
 * Props: layout, live, atMs, item, needing, heatOn, heat ({grid, error}), actions; params and storeId of the view, where the
 * plan has its tools; title, if it is not the present.
 */
export class Floor extends Pure {
  state = { isEnlarged: false, asked: null, devices: undefined };

  onHeat = (asked) => this.setState({ ...this.state, asked });

  onDevices = (devices) => this.setState({ ...this.state, devices });

  onDevice = () => this.props.actions.open({ page: "devices", item: null });

  render({ layout, live, atMs, item, needing, heatOn, heat, actions, params, storeId, nowMs, title }, { isEnlarged, asked, devices }) {
    const unplaced = unplacedItems(layout);
    const placed =
      layout.zones.length + layout.lines.length + layout.lanes.length + layout.slots.length + layout.queues.length;
    return html`<${Card}
      id="floor"
      icon="store"
      title=${title ?? t.floor.title}
      className="floor-card"
      aside=${html`<button
          class="quiet icon-only enlarge"
          aria-label=${isEnlarged ? t.floor.shrink : t.floor.enlarge}
          onClick=${() => this.setState({ ...this.state, isEnlarged: !isEnlarged })}
        >
          <${Icon} name=${isEnlarged ? "shrink" : "enlarge"} />
        </button>
        <label class="switch" title=${t.floor.heatOn}>
        <input type="checkbox" role="switch" checked=${heatOn} onChange=${(event) => actions.setHeat(event.target.checked)} />
        <span class="switch-track" aria-hidden="true"></span>
        <span>${t.floor.heat}</span>
      </label>`}
    >
      <p class="visually-hidden" id="plan-help">${t.floor.help}</p>
      ${params &&
      html`<${Lazy}
        load=${loadTools}
        waiting=${html`<div class="floor-tools"></div>`}
        ...${{ layout, storeId, params, heat, actions }}
        isOn=${heatOn}
        getNowMs=${() => nowMs}
        onHeat=${this.onHeat}
        onDevices=${this.onDevices}
      />`}
      <${FloorPlan}
        layout=${layout}
        live=${live}
        atMs=${atMs}
        item=${item}
        needing=${needing}
        isEnlarged=${isEnlarged}
        heatGrid=${heatOn ? (asked ? asked.grid : heat.grid) : null}
        onSelect=${actions.select}
        devices=${devices}
        onDevice=${this.onDevice}
      />
      ${!placed && html`<${Empty} icon="pin" title=${t.floor.empty} help=${t.floor.emptyHelp} />`}
      <div class="under-plan">
        <${Legend} layout=${layout} hasDevices=${Boolean(devices?.length)} />
        ${heatOn && (asked ? asked.legend : html`<${HeatLegend} heat=${heat} />`)}
      </div>
      ${unplaced.length > 0 &&
      html`<p class="unplaced">
        ${t.floor.unplaced}${" "}
        ${unplaced.slice(0, 30).map(
          ({ kind, id, place }) =>
            html`<button key=${`${kind}:${id}`} class="quiet" onClick=${() => actions.select({ kind, id })}>
              ${placeName({ kind }, place)}
            </button>`,
        )}
      </p>`}
      ${item && html`<${Detail} layout=${layout} live=${live} item=${item} atMs=${atMs} onClose=${() => actions.select(null)} />`}
    <//>`;
  }
}
