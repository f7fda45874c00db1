// All stores: which need attention and why, each one's KPIs with trend, target and data quality, and a comparison.
import { request } from "../api.js";
import { kpiText, kpiTrend } from "../chain/kpi_text.js";
import { Targets } from "../chain/targets.js";
import { dayTimeText, numberText, timeText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Card, Empty } from "../parts/card.js";
import { Figure } from "../parts/figure.js";
import { Spark } from "../parts/spark.js";
import { loadStyle } from "../parts/style.js";
import { Table } from "../parts/table.js";
import { formatView } from "../route.js";
import { classes, html, Pure } from "../ui.js";

const [p] = await Promise.all([pageTexts("chain"), loadStyle("chain")]);

const SPANS = ["1", "7", "28"];
const AGAIN_MS = 1_000;
const MOST_SHOWN = 50;
let catalogue = null;

export const refreshMs = 20_000;

export const title = () => p.title;

export async function load({ params, signal }) {
  const days = SPANS.includes(params.days) ? params.days : "1";
  const [chain, kpis] = await Promise.all([
    request("GET", `/chain?days=${days}`, undefined, { signal }),
    catalogue ?? request("GET", "/kpis", undefined, { signal }).then((answer) => answer.kpis),
  ]);
  catalogue = kpis;
  return { ...chain, catalogue };
}

const linkTo = (storeId, page, params = {}) => formatView({ storeId, page, item: null, heat: true, params });

/** Where the cause of a reason is seen. */
function reasonLink(store, reason) {
  if (reason.kind.endsWith("_alerts")) return linkTo(store.store_id, "alerts");
  if (reason.kind === "incomplete" || reason.kind.startsWith("devices") || reason.kind === "no_devices")
    return linkTo(store.store_id, "devices");
  return null;
}

const TONES = { critical_alerts: "urgent", warning_alerts: "warn", devices_offline: "warn", off_target: "warn", incomplete: "gap" };

function Reason({ store, reason }) {
  const text = p.reasons[reason.kind](reason.count, p.kpis[reason.kpi] ?? reason.kpi);
  const className = classes("reason", `tone-${TONES[reason.kind] ?? "quiet"}`);
  const href = reasonLink(store, reason);
  return html`<li>${href ? html`<a class=${className} href=${href}>${text}</a>` : html`<span class=${className}>${text}</span>`}</li>`;
}

const GLANCE = ["visitors", "wait_mean", "on_shelf_availability"];

function StoreRow({ store, isChosen, nowMs, onChoose }) {
  const kpis = store.figures?.kpis ?? [];
  return html`<li class=${classes("chain-store", isChosen && "is-selected")} data-store=${store.store_id}>
    <div class="chain-store-head">
      <a class="chain-store-name" href=${linkTo(store.store_id, "floor") || "#"}>${store.name}</a>
      <span class="hint">${timeText(nowMs, store.time_zone)} · ${p.devices(store.devices_online, store.devices_total)}</span>
    </div>
    ${store.reasons.length
      ? html`<ul class="reasons">
          ${store.reasons.map((reason) => html`<${Reason} key=${`${reason.kind}:${reason.kpi}`} store=${store} reason=${reason} />`)}
        </ul>`
      : html`<p class="all-well"><${Icon} name="check" size=${16} />${p.allWell}</p>`}
    <dl class="glance">
      ${GLANCE.map((name) => {
        const kpi = kpis.find((each) => each.name === name);
        return html`<div key=${name}>
          <dt>${p.kpis[name]}</dt>
          <dd class=${classes(kpi?.is_on_target === false && "is-bad")}>${kpi ? kpiText(kpi.unit, kpi.value) : t.unknown}</dd>
        </div>`;
      })}
    </dl>
    <button class="quiet" aria-pressed=${isChosen ? "true" : "false"} onClick=${() => onChoose(store.store_id)}>${p.showFigures}</button>
  </li>`;
}

/** Why a KPI has no value, as a key of the texts. */
function whyNot(definition, kpi) {
  if (!kpi?.completeness) return "noData";
  return definition.name === "lanes_open_against_needed" ? "noAdvice" : "noEvents";
}

/** How complete a KPI's data is, where that says more than its value does. */
const completenessOf = (kpi) => (kpi && !["alert_response_time", "device_uptime"].includes(kpi.name) ? kpi.completeness : null);

/** A KPI for the Figure part. */
function KpiFigure({ definition, kpi, dates }) {
  const label = p.kpis[definition.name] ?? definition.title;
  if (!definition.is_available)
    return html`<${Figure} id=${definition.name} label=${label} lacks=${p.needs[definition.needs] ?? definition.needs} />`;
  const isKnown = kpi && kpi.value !== null;
  const trend = kpi && kpiTrend(kpi, definition.better, p.points);
  return html`<${Figure}
    id=${definition.name}
    label=${label}
    value=${isKnown ? kpiText(kpi.unit, kpi.value) : null}
    unit=${p.shortUnits[definition.unit]}
    trend=${trend}
    target=${kpi && kpi.target !== null ? { text: kpiText(kpi.unit, kpi.target), isMet: kpi.is_on_target } : null}
    completeness=${completenessOf(kpi)}
    low=${kpi && kpi.low !== null ? kpiText(kpi.unit, kpi.low) : null}
    high=${kpi && kpi.high !== null ? kpiText(kpi.unit, kpi.high) : null}
    tone=${!isKnown ? "quiet" : kpi.is_on_target === false ? "act" : null}
    note=${!isKnown
      ? p.notKnown[whyNot(definition, kpi)]
      : kpi.trend?.some((value) => value !== null) && html`<${Spark} values=${kpi.trend} label=${p.sparkLabel(label, dates.length)} />`}
  />`;
}

function Comparison({ data, chosen, onChoose }) {
  const available = data.catalogue.filter((kpi) => kpi.is_available);
  const definition = available.find((kpi) => kpi.name === chosen) ?? available[0];
  const of = (store) => store.figures?.kpis.find((kpi) => kpi.name === definition.name) ?? null;
  const label = p.kpis[definition.name] ?? definition.title;
  const columns = [
    {
      id: "store",
      label: p.columns.store,
      isHead: true,
      value: (store) => store.name,
      cell: (store) => html`<a href=${linkTo(store.store_id, "floor") || "#"}>${store.name}</a>`,
    },
    {
      id: "value",
      label,
      isNumber: true,
      value: (store) => of(store)?.value ?? null,
      cell: (store) => kpiText(definition.unit, of(store)?.value),
    },
    {
      id: "change",
      label: p.columns.change,
      isNumber: true,
      value: (store) => {
        const kpi = of(store);
        return kpi && kpi.value !== null && kpi.previous !== null ? kpi.value - kpi.previous : null;
      },
      cell: (store) => {
        const trend = of(store) && kpiTrend(of(store), definition.better, p.points);
        if (!trend) return t.unknown;
        const tone = trend.isGood === true ? "is-good" : trend.isGood === false ? "is-bad" : null;
        const sign = trend.change > 0 ? "+" : trend.change < 0 ? "−" : "±";
        return html`<span class=${classes("figure-trend", tone)}>${sign}${trend.text}</span>`;
      },
    },
    {
      id: "target",
      label: p.columns.target,
      isNumber: true,
      value: (store) => of(store)?.target ?? null,
      cell: (store) => kpiText(definition.unit, of(store)?.target),
    },
    {
      id: "completeness",
      label: p.columns.completeness,
      isNumber: true,
      value: (store) => of(store)?.completeness ?? null,
      cell: (store) => {
        const share = of(store)?.completeness;
        if (share === null || share === undefined) return t.unknown;
        return html`<span class=${classes(share < 0.9 && "is-bad")}>${numberText(Math.floor(share * 100))} %</span>`;
      },
    },
    {
      id: "days",
      label: p.columns.days,
      isUnsorted: true,
      value: (store) => (of(store)?.trend ?? []).map((value) => value ?? "").join(" "),
      cell: (store) => html`<${Spark} values=${of(store)?.trend ?? []} label=${p.sparkLabel(label, 14)} />`,
    },
  ];
  return html`<${Card}
    id="compare"
    icon="chart"
    title=${p.compare}
    aside=${html`<label>
      <span class="visually-hidden">${p.chooseKpi}</span>
      <select value=${definition.name} onChange=${(event) => onChoose(event.target.value)}>
        ${available.map((kpi) => html`<option key=${kpi.name} value=${kpi.name}>${p.kpis[kpi.name] ?? kpi.title}</option>`)}
      </select>
    </label>`}
  >
    <${Table}
      key=${definition.name}
      title=${label}
      rows=${data.stores}
      keyOf=${(store) => store.store_id}
      columns=${columns}
      sortedBy=${definition.better === "lower" ? "-value" : "value"}
    />
  <//>`;
}

/** Props: as every page's View. */
export class View extends Pure {
  state = { isSetting: false };

  componentDidMount() {
    this.#askAgain();
  }

  componentDidUpdate(before) {
    if (before.data !== this.props.data) this.#askAgain();
  }

  componentWillUnmount() {
    clearTimeout(this.timer);
  }

  /** Figures are made in the background; those that are not there yet are there in a moment. */
  #askAgain() {
    clearTimeout(this.timer);
    if (this.props.data.stores.some((store) => !store.figures)) this.timer = setTimeout(this.props.actions.refreshPage, AGAIN_MS);
  }

  #set = (change) => this.props.actions.open({ page: "chain", params: { ...this.props.view.params, ...change } });

  render({ data, view, state, nowMs, actions }, { isSetting }) {
    if (!data.stores.length) return html`<${Empty} icon="store" title=${t.stores.none} help=${t.stores.noneHelp} />`;
    const { params } = view;
    const store = data.stores.find((each) => each.store_id === params.of) ?? data.stores[0];
    const { figures } = store;
    const needy = data.stores.filter((each) => each.attention > 0).length;
    const isManager = ["manager", "admin"].includes(state.session.user.role);
    const shown = params.all ? data.stores : data.stores.slice(0, MOST_SHOWN);
    return html`<div class="chain-top">
        <h1>${p.summary(needy, data.stores.length)}</h1>
        <label>
          <span class="visually-hidden">${t.parts.period}</span>
          <select value=${String(data.days)} onChange=${(event) => this.#set({ days: event.target.value })}>
            ${SPANS.map((days) => html`<option key=${days} value=${days}>${p.spans[days]}</option>`)}
          </select>
        </label>
      </div>
      <div class="chain-columns">
        <${Card} id="attention" icon="bell" title=${p.attention}>
          <ol class="chain-stores">
            ${shown.map(
              (each) => html`<${StoreRow}
                key=${each.store_id}
                store=${each}
                nowMs=${nowMs}
                isChosen=${each === store}
                onChoose=${(id) => this.#set({ of: id })}
              />`,
            )}
          </ol>
          ${shown.length < data.stores.length &&
          html`<button class="quiet wide" onClick=${() => this.#set({ all: "1" })}>${p.showAll(data.stores.length)}</button>`}
        <//>
        <div class="chain-side">
          <${Card}
            id="kpis"
            icon="chart"
            title=${p.figuresOf(store.name)}
            aside=${isManager &&
            figures &&
            html`<button class="quiet" onClick=${() => this.setState({ isSetting: true })}>${p.targets.open}</button>`}
          >
            ${figures
              ? html`<p class="card-lead">
                    ${p.span(
                      dayTimeText(Date.parse(figures.from), nowMs, store.time_zone),
                      timeText(Date.parse(figures.to), store.time_zone),
                      dayTimeText(Date.parse(figures.previous_from), nowMs, store.time_zone),
                    )}
                  </p>
                  <dl class="figure-grid">
                    ${data.catalogue.map(
                      (definition) => html`<${KpiFigure}
                        key=${definition.name}
                        definition=${definition}
                        kpi=${figures.kpis.find((kpi) => kpi.name === definition.name)}
                        dates=${figures.trend_dates}
                      />`,
                    )}
                  </dl>`
              : html`<p class="loading" role="status">${p.making}</p>`}
          <//>
          <${Comparison} data=${data} chosen=${params.kpi} onChoose=${(kpi) => this.#set({ kpi })} />
        </div>
      </div>
      ${isSetting &&
      html`<${Targets}
        store=${store}
        catalogue=${data.catalogue}
        onClose=${() => this.setState({ isSetting: false })}
        onSaved=${() => {
          this.setState({ isSetting: false });
          actions.refreshPage();
        }}
      />`}`;
  }
}
