// Queues and staffing: what to do at the lanes, waits now, and over a period what was needed, advised, done and met.
import { api } from "../api.js";
import { dayKey, durationText, numberText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card, Empty } from "../parts/card.js";
import { Asked } from "../parts/asked.js";
import { Figure } from "../parts/figure.js";
import { Loading, Problem } from "../parts/notice.js";
import { Period, spanOf } from "../parts/period.js";
import { loadStyle } from "../parts/style.js";
import { Sight } from "../floor/sight.js";
import { Advice, change } from "../queues/advice.js";
import { Calls } from "../queues/calls.js";
import { Arrivals, Joins, Lanes, Level, Waits } from "../queues/past.js";
import { newest, WaitsNow } from "../queues/waits.js";
import { Marked } from "../visitors/mark.js";
import { markedSeconds, qualitySince } from "../visitors/marks.js";
import { html, Pure } from "../ui.js";

const [p] = await Promise.all([pageTexts("queues"), loadStyle("queues")]);

const OPTIONS = ["today", "week", "month", "custom"];
const DAY_MS = 86_400_000;
const MOST_DAYS = 31;
const TARGET_S = 120;

export const refreshMs = 15_000;

export const title = () => p.title;

export async function load({ storeId, signal }) {
  const [queues, staffing, kpis] = await Promise.all([
    api.get(storeId, "/queues", { signal }),
    api.get(storeId, "/staffing", { signal }),
    api.get(storeId, "/kpis", { signal }),
  ]);
  return { queues: queues.queues, staffing, kpis: kpis.kpis };
}

const kpiOf = (kpis, name) => kpis.find((kpi) => kpi.name === name) ?? null;

/** The span of the period, cut to what the API tells at once. */
function spanFor(params, zone, nowMs) {
  const span = spanOf(params, zone, nowMs, "today");
  return { ...span, fromMs: Math.max(span.fromMs, span.toMs - MOST_DAYS * DAY_MS + 3_600_000) };
}

async function loadPast(storeId, params, zone, nowMs, signal) {
  const { fromMs, toMs, isLive } = spanFor(params, zone, nowMs);
  const span = { from: new Date(fromMs).toISOString(), ...(!isLive && { to: new Date(toMs).toISOString() }) };
  // A young day is asked for as a whole hour at least, so that there is something to draw.
  const date = dayKey(fromMs, zone);
  const days = Math.max(1, Math.min(MOST_DAYS, Math.round((Date.parse(dayKey(toMs - 1, zone)) - Date.parse(date)) / DAY_MS) + 1));
  const [past, kpis, targets, forecast, quality] = await Promise.all([
    api.get(storeId, "/staffing/history", { params: span, signal }),
    api.get(storeId, "/kpis", { params: span, signal }),
    api.get(storeId, "/targets", { signal }),
    api.get(storeId, "/forecast", { params: { kpi: "visitors", date, days }, signal }),
    api.get(storeId, "/quality", { params: { ...span, from: new Date(qualitySince(fromMs, toMs)).toISOString() }, signal }),
  ]);
  return { past, kpis: kpis.kpis, targets: targets.targets, forecast, marked: markedSeconds(quality.faults) };
}

const percent = (share) => (share === null ? null : `${numberText(share * 100)} %`);

function adviceNote(staffing) {
  if (!staffing.is_known) return p.noAdvice;
  const more = change(staffing, staffing.outlooks[0]);
  return more > 0 ? p.advice.open(more) : more < 0 ? p.advice.close(-more) : p.advice.asNeeded;
}

/** Staffed lanes open, of how many: as the advice counts them, else as the lanes themselves tell; null if none does. */
function lanesOpen({ staffing, queues }) {
  if (staffing.is_known) return { open: staffing.lanes_open, total: staffing.lanes_total };
  const told = new Map(queues.flatMap(({ lanes }) => lanes).filter(({ kind }) => kind === "staffed").map((lane) => [lane.lane_id, lane.is_open]));
  const known = [...told.values()].filter((isOpen) => isOpen !== null);
  return known.length ? { open: known.filter(Boolean).length, total: told.size } : null;
}

function Now({ data, live, layout, nowMs }) {
  const { staffing, kpis } = data;
  const queues = data.queues.map((queue) => newest(queue, live));
  const waits = queues.flatMap((queue) => (queue.next_wait ? [{ queue, wait: queue.next_wait }] : []));
  const worst = waits.sort((a, b) => b.wait.mean_s - a.wait.mean_s)[0];
  const name = (id) => layout.queues.find((queue) => queue.id === id)?.name ?? id;
  const targetS = layout.wait_target_s ?? TARGET_S;
  const level = kpiOf(kpis, "served_within_target");
  const open = lanesOpen(data);
  const more = staffing.is_known ? change(staffing, staffing.outlooks[0]) : 0;
  const waiting = queues.filter((queue) => queue.length !== null).reduce((sum, queue) => sum + queue.length, 0);
  const isTold = queues.some((queue) => queue.length !== null);
  return html`<div class="figures">
      <dl class="figure-grid">
        <${Figure} id="lanes-open" icon="people" label=${p.lanesOpen} value=${open && numberText(open.open)}
          of=${open && p.of(open.total)} note=${adviceNote(staffing)} tone=${more > 0 ? "act" : null} />
        <${Figure} id="next-wait" icon="queue" label=${p.worstWait} value=${worst ? durationText(worst.wait.mean_s) : null}
          note=${worst ? `${name(worst.queue.queue_id)}, ${p.band(durationText(worst.wait.low_s), durationText(worst.wait.high_s))}` : p.silent}
          tone=${worst && worst.wait.mean_s > targetS ? "act" : null} />
        <${Figure} id="waiting" label=${p.waitingAll} value=${isTold ? numberText(waiting) : null} unit=${p.people(waiting)} />
        <${Figure} id="level-now" icon="check" label=${p.levelHour(durationText(targetS))} value=${percent(level?.value ?? null)}
          note=${level?.value === null ? p.nobodyServed : null} completeness=${level?.completeness} />
      </dl>
    </div>
    <${Advice} staffing=${staffing} layout=${layout} />
    <${WaitsNow} queues=${data.queues} live=${live} layout=${layout} nowMs=${nowMs} targetS=${targetS}
      completeness=${kpiOf(kpis, "wait_mean")?.completeness} />`;
}

function PeriodFigures({ kpis, targets, past }) {
  const level = kpiOf(kpis, "served_within_target");
  const target = targets.find((each) => each.kpi === "served_within_target")?.target ?? null;
  const [wait, p90] = [kpiOf(kpis, "wait_mean"), kpiOf(kpis, "wait_p90")];
  const [gone, lanes] = [kpiOf(kpis, "abandonment"), kpiOf(kpis, "lanes_open_against_needed")];
  const seconds = (kpi) => (kpi?.value === null || kpi?.value === undefined ? null : durationText(kpi.value));
  const isMet = target === null || level?.value === null || level?.value === undefined ? null : level.value >= target;
  const against = lanes?.value ?? null;
  const signed = against === null ? null : `${against > 0.005 ? "+" : against < -0.005 ? "−" : "±"}${numberText(Math.abs(against), 1)}`;
  return html`<dl class="figure-grid">
    <${Figure} id="level" icon="check" label=${p.levelPeriod(durationText(past.wait_target_s))} value=${percent(level?.value ?? null)}
      target=${target === null ? null : { text: percent(target), isMet }} completeness=${level?.completeness} />
    <${Figure} id="wait" label=${p.meanWait} value=${seconds(wait)} note=${seconds(p90) && p.nineInTen(seconds(p90))} completeness=${wait?.completeness} />
    <${Figure} id="gone" label=${p.gone} value=${gone?.value === null || !gone ? null : `${numberText(gone.value * 100, 1)} %`} completeness=${gone?.completeness} />
    <${Figure} id="against" icon="people" label=${p.against} value=${signed} unit=${p.lanesUnit} note=${against === null ? p.noAdviceThen : p.againstNote}
      completeness=${lanes?.completeness} tone=${against !== null && against < -0.25 ? "act" : null} />
  </dl>`;
}

/** Props: as every page's View. */
export class View extends Pure {
  render({ state, layout, live, nowMs, atMs, zone, data, view, actions }) {
    if (!layout.queues.length && !layout.lanes.length)
      return html`<${Card} id="no-queues" icon="queue" title=${p.title}><${Empty} icon="queue" title=${p.none} help=${p.noneHelp} /><//>`;
    if (!state.hasSnapshot) return html`<${Loading} />`;
    const { params, storeId } = view;
    const today = dayKey(nowMs, zone);
    const what = [storeId, params.period ?? "", params.from ?? "", params.to ?? "", today].join(" ");
    const { isLive } = spanFor(params, zone, nowMs);
    const onPeriod = (chosen) => actions.open({ page: "queues", params: chosen });
    return html`<${Sight} layout=${layout} storeId=${storeId} nowMs=${nowMs} stream="queue/" />
      <${Now} data=${data} live=${live} layout=${layout} nowMs=${atMs ?? nowMs} />
      <section class="past" aria-labelledby="past-title">
        <div class="past-head">
          <h2 id="past-title">${p.past}</h2>
          <${Period} params=${params} zone=${zone} nowMs=${nowMs} options=${OPTIONS} fallback="today" onChange=${onPeriod} />
        </div>
        <${Asked} what=${what} ask=${(signal) => loadPast(storeId, params, zone, nowMs, signal)} everyMs=${isLive ? 60_000 : 0}>
          ${({ data: told, problem, reload }) => html`
            ${problem && html`<${Problem} message=${problem.message} isSmall=${told !== null} onRetry=${reload} />`}
            ${!told && !problem && html`<${Loading} />`}
            ${told && html`<${OverPeriod} told=${told} layout=${layout} nowMs=${nowMs} zone=${zone} />`}
          `}
        <//>
      </section>`;
  }
}

function OverPeriod({ told, layout, nowMs, zone }) {
  const { past, kpis, targets, forecast, marked } = told;
  const target = targets.find((each) => each.kpi === "served_within_target")?.target ?? null;
  const { name } = layout;
  return html`<${Marked} layout=${layout} marked=${marked} streams=${["queue"]} lead=${p.markedLead} />
    <${PeriodFigures} kpis=${kpis} targets=${targets} past=${past} />
    <${Lanes} past=${past} zone=${zone} name=${name} />
    <${Calls} past=${past} layout=${layout} nowMs=${nowMs} zone=${zone} />
    <${Waits} past=${past} zone=${zone} name=${name} />
    <${Level} past=${past} zone=${zone} name=${name} kpi=${kpiOf(kpis, "served_within_target")} target=${target} />
    <${Arrivals} forecast=${forecast} zone=${zone} name=${name} />
    <${Joins} past=${past} zone=${zone} name=${name} />`;
}
