// Visitors over a period: heads, buying units and staff, people inside by the doors, stays in zones, ways between them,
// and how right all that is.
import { api } from "../api.js";
import { dayKey, durationText, numberText } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Asked } from "../parts/asked.js";
import { Card, Empty } from "../parts/card.js";
import { Figure } from "../parts/figure.js";
import { Loading, Problem } from "../parts/notice.js";
import { Period, spanOf } from "../parts/period.js";
import { loadStyle } from "../parts/style.js";
import { html, Pure } from "../ui.js";
import { Doors } from "../visitors/doors.js";
import { Lines, Stays, Ways } from "../visitors/flow.js";
import { Marked } from "../visitors/mark.js";
import { markedSeconds, qualitySince } from "../visitors/marks.js";

const [p] = await Promise.all([pageTexts("visitors"), loadStyle("visitors")]);

const OPTIONS = ["today", "week", "month", "custom"];
const DAY_MS = 86_400_000;
const MOST_DAYS = 31;

export const refreshMs = 0;

export const title = () => p.title;

/** The span of the period, cut to what the API tells at once. */
function spanFor(params, zone, nowMs) {
  const span = spanOf(params, zone, nowMs, "today");
  return { ...span, fromMs: Math.max(span.fromMs, span.toMs - MOST_DAYS * DAY_MS + 3_600_000) };
}

async function loadSpan(storeId, params, zone, nowMs, signal) {
  const { fromMs, toMs, isLive } = spanFor(params, zone, nowMs);
  const until = isLive ? {} : { to: new Date(toMs).toISOString() };
  const ask = (path, beginMs = fromMs) => api.get(storeId, path, { params: { from: new Date(beginMs).toISOString(), ...until }, signal });
  const [kpis, parties, dwell, transitions, occupancy, quality] = await Promise.all([
    ask("/kpis"),
    ask("/parties"),
    ask("/dwell"),
    ask("/transitions"),
    ask("/occupancy"),
    ask("/quality", qualitySince(fromMs, toMs)),
  ]);
  return { kpis: kpis.kpis, lines: parties.lines, dwell, transitions, occupancy, quality, marked: markedSeconds(quality.faults) };
}

const known = (value, text) => (value === null || value === undefined ? null : text(value));

function Figures({ data }) {
  const kpi = (name) => data.kpis.find((each) => each.name === name) ?? null;
  const [visitors, units, dwell, staff] = ["visitors", "buying_units", "mean_dwell", "staff_share"].map(kpi);
  const { now } = data.occupancy;
  const isChecked = visitors?.low !== null && visitors?.low !== undefined;
  const size = visitors?.value && units?.value ? numberText(visitors.value / units.value, 1) : null;
  return html`<div class="figures">
    <dl class="figure-grid">
      <${Figure} id="visitors" icon="people" label=${p.visitors} value=${known(visitors?.value, numberText)}
        note=${isChecked ? p.visitorsBand(numberText(visitors.low), numberText(visitors.high)) : p.unchecked} completeness=${visitors?.completeness} />
      <${Figure} id="units" label=${p.units} value=${known(units?.value, numberText)} note=${size ? p.unitsNote(size) : p.noUnits} completeness=${units?.completeness} />
      <${Figure} id="inside" icon="inside" label=${p.inside} value=${now && numberText(now.people)}
        note=${now ? p.insideBand(numberText(now.low), numberText(now.high)) : p.noInside} />
      <${Figure} id="dwell" label=${p.dwell} value=${known(dwell?.value, durationText)} completeness=${dwell?.completeness} />
      <${Figure} id="staff" label=${p.staff} value=${known(staff?.value, (share) => `${numberText(share * 100, 1)} %`)} note=${p.staffNote} completeness=${staff?.completeness} />
    </dl>
  </div>`;
}

function OverPeriod({ data, layout, zone }) {
  const zones = layout.zones.filter((each) => !each.staff_only);
  return html`<${Marked} layout=${layout} marked=${data.marked} streams=${["footfall", "zone"]} lead=${p.markedLead} />
    <${Figures} data=${data} />
    <${Doors} occupancy=${data.occupancy} zone=${zone} name=${layout.name} />
    ${layout.lines.length > 0 && html`<${Lines} lines=${data.lines} audits=${data.quality.lines} marked=${data.marked} layout=${layout} />`}
    ${zones.length > 0 && html`<${Stays} dwell=${data.dwell} marked=${data.marked} layout=${layout} />`}
    ${zones.length > 1 && html`<${Ways} transitions=${data.transitions} layout=${layout} />`}`;
}

/** Props: as every page's View. */
export class View extends Pure {
  render({ layout, nowMs, zone, view, actions }) {
    if (!layout.lines.length && layout.zones.every((each) => each.staff_only))
      return html`<${Card} id="no-visitors" icon="people" title=${p.title}><${Empty} icon="people" title=${p.none} help=${p.noneHelp} /><//>`;
    const { params, storeId } = view;
    const what = [storeId, params.period ?? "", params.from ?? "", params.to ?? "", dayKey(nowMs, zone)].join(" ");
    const { isLive } = spanFor(params, zone, nowMs);
    return html`<div class="past-head">
        <h2>${p.title}</h2>
        <${Period} params=${params} zone=${zone} nowMs=${nowMs} options=${OPTIONS} fallback="today" onChange=${(chosen) => actions.open({ page: "visitors", params: chosen })} />
      </div>
      <${Asked} what=${what} ask=${(signal) => loadSpan(storeId, params, zone, nowMs, signal)} everyMs=${isLive ? 30_000 : 0}>
        ${({ data, problem, reload }) => html`
          ${problem && html`<${Problem} message=${problem.message} isSmall=${data !== null} onRetry=${reload} />`}
          ${!data && !problem && html`<${Loading} />`}
          ${data && html`<${OverPeriod} data=${data} layout=${layout} zone=${zone} />`}
        `}
      <//>`;
  }
}
