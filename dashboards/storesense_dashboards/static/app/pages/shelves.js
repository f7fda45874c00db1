// Shelves: what to bring where, the planogram as it hangs, and what empty places cost.
import { mayAct } from "../alerts/work.js";
import { request, storePath } from "../api.js";
import { durationText, numberText, timeText } from "../format.js";
import { slotTitle } from "../floor/describe.js";
import { pageTexts, t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Card, Empty } from "../parts/card.js";
import { Figure } from "../parts/figure.js";
import { Loading } from "../parts/notice.js";
import { loadStyle } from "../parts/style.js";
import { Table } from "../parts/table.js";
import { CountDialog, Counts, ToldAnew } from "../shelves/counting.js";
import { Planogram } from "../shelves/planogram.js";
import { restockRows, slotRows } from "../shelves/rows.js";
import { whenEmpty } from "../shelves/when.js";
import { html, Pure } from "../ui.js";

const [p] = await Promise.all([pageTexts("shelves"), loadStyle("shelves")]);

const STEP = 10; // of what was lost

export const refreshMs = 20_000;

/** What is looked for and which lids are open narrow what is shown, not what is asked. */
export const dataParams = [];

export const title = () => p.title;

export async function load({ storeId, signal }) {
  // What is only told beside the shelves is left out where it does not come.
  const beside = (rest) => request("GET", storePath(storeId, rest), undefined, { signal }).catch(() => null);
  const [depletion, planogram, counts, corrections] = await Promise.all([
    request("GET", storePath(storeId, "/depletion"), undefined, { signal }),
    request("GET", storePath(storeId, "/planogram"), undefined, { signal }).catch((error) => {
      if (error.code === "no_such_planogram") return null;
      throw error;
    }),
    beside("/counts?limit=20"),
    beside("/corrections?limit=50"),
  ]);
  return { depletion, planogram, counts, corrections };
}

const restockColumns = [
  { id: "step", label: p.columns.step, isNumber: true, value: (row) => row.step },
  { id: "place", label: p.columns.place, isBrief: true, value: (row) => `${row.section}, ${row.slot.name}` },
  { id: "product", label: p.columns.product, isHead: true, value: (row) => slotTitle(row.slot) },
  { id: "sku", label: p.columns.sku, value: (row) => row.slot.product?.sku ?? null },
  { id: "bring", label: p.columns.bring, isBrief: true, isNumber: true, value: (row) => row.bring, cell: (row) => html`<strong>${numberText(row.bring)}</strong>` },
  { id: "there", label: p.columns.there, isNumber: true, value: (row) => row.units },
  { id: "empty", label: p.columns.toEmpty, value: (row) => row.toEmptyH?.p50 ?? null, cell: whenEmpty },
];

const lostText = (lost) => {
  if (!lost || lost.units === null || lost.units === undefined) return t.unknown;
  if (!lost.units) return "0";
  const digits = lost.units < 10 ? 1 : 0;
  return p.between(numberText(lost.units, digits), numberText(lost.units_low, digits), numberText(lost.units_high, digits));
};

const lostColumns = [
  { id: "product", label: p.columns.product, isHead: true, value: (row) => slotTitle(row.slot) },
  { id: "place", label: p.columns.place, value: (row) => `${row.section}, ${row.slot.name}` },
  {
    id: "today",
    label: p.columns.emptyToday,
    isNumber: true,
    value: (row) => row.lostToday?.empty_min ?? null,
    cell: (row) => durationText((row.lostToday?.empty_min ?? NaN) * 60),
  },
  { id: "lost_today", label: p.columns.lostToday, isNumber: true, value: (row) => row.lostToday?.units ?? null, cell: (row) => lostText(row.lostToday) },
  {
    id: "week",
    label: p.columns.emptyWeek,
    isNumber: true,
    value: (row) => row.lostWeek?.empty_min ?? null,
    cell: (row) => durationText((row.lostWeek?.empty_min ?? NaN) * 60),
  },
  { id: "lost_week", label: p.columns.lostWeek, isBrief: true, isNumber: true, value: (row) => row.lostWeek?.units ?? null, cell: (row) => lostText(row.lostWeek) },
];

/** Props: as every page's View. */
export class View extends Pure {
  state = { counted: null };

  onCount = (slot) => this.setState({ counted: slot });

  onCounted = () => this.setState({ counted: null });

  render({ state, layout, live, atMs, zone, data, view, actions }, { counted }) {
    if (!layout.slots.length) return html`<${Empty} icon="shelf" title=${t.shelves.none} help=${t.shelves.noneHelp} />`;
    if (!state.hasSnapshot) return html`<${Loading} />`;
    const rows = slotRows(layout, live, atMs, data.depletion);
    const restock = restockRows(rows);
    const lost = rows.filter((row) => row.lostWeek?.empty_min > 0);
    const unknown = rows.filter((row) => row.units === null).length;
    const told = lost.filter((row) => row.lostToday?.units !== null && row.lostToday?.units !== undefined);
    const lostToday = told.reduce((sum, row) => sum + row.lostToday.units, 0);
    const empty = rows.filter((row) => row.units === 0).length;
    const next = rows.filter((row) => row.units > 0 && row.toEmptyH?.p50 != null).sort((a, b) => a.toEmptyH.p50 - b.toEmptyH.p50)[0];
    return html`<div class="figures">
        <dl class="figure-grid">
          <${Figure} id="to-restock" icon="shelf" label=${p.toRestock} value=${numberText(restock.length)} of=${p.ofSlots(rows.length)} tone=${restock.length ? "act" : null} />
          <${Figure} id="empty" label=${p.empty} value=${numberText(empty)} tone=${empty ? "act" : null} />
          <${Figure} id="next" label=${p.nextEmpty} value=${next ? durationText(next.toEmptyH.p50 * 3600) : null} note=${next ? slotTitle(next.slot) : p.nextUnknown} />
          <${Figure} id="lost" label=${p.lostToday} value=${lost.length && !told.length ? null : numberText(lostToday, lostToday && lostToday < 10 ? 1 : 0)} unit=${p.units} note=${lost.length && !told.length ? p.demandUnknown : null} />
          <${Figure} id="known" label=${p.weighed} value=${numberText(rows.length - unknown)} of=${p.ofSlots(rows.length)} completeness=${1 - unknown / rows.length} />
        </dl>
      </div>
      <${Card}
        id="restock"
        icon="check"
        title=${p.restock}
        className="is-printed"
        aside=${restock.length > 0 &&
        html`<button class="quiet no-print" onClick=${() => print()}><${Icon} name="print" size=${18} />${p.print}</button>`}
      >
        <p class="card-lead">${p.restockLead(timeText(atMs ?? 0, zone))}</p>
        <${Table}
          title=${p.restock}
          rows=${restock}
          keyOf=${(row) => `${row.slot.id} ${row.slot.product?.sku}`}
          columns=${restockColumns}
          sortedBy="step"
          empty=${html`<p class="hint">${t.shelves.allStocked}</p>`}
        />
      <//>
      <${Planogram}
        layout=${layout}
        rows=${rows}
        planogram=${data.planogram}
        zone=${zone}
        onShow=${actions.showOnPlan}
        onCount=${mayAct(state.session?.user) ? this.onCount : null}
        params=${view.params}
        setParams=${actions.setParams}
      />
      ${data.corrections?.corrections.length > 0 && html`<${ToldAnew} layout=${layout} corrections=${data.corrections} zone=${zone} />`}
      ${data.counts && html`<${Counts} layout=${layout} counts=${data.counts} atMs=${atMs} zone=${zone} />`}
      <${Card} id="lost-sales" icon="chart" title=${p.lostSales}>
        <p class="card-lead">${p.lostLead}</p>
        <${Table}
          title=${p.lostSales}
          rows=${lost}
          keyOf=${(row) => row.slot.id}
          columns=${lostColumns}
          sortedBy="-lost_week"
          step=${STEP}
          empty=${html`<p class="hint">${p.nothingLost}</p>`}
        />
      <//>
      ${counted && html`<${CountDialog} storeId=${layout.id} slot=${counted} onClose=${this.onCounted} onCounted=${this.onCounted} />`}`;
  }
}
