// Waits now: each queue with the wait of whoever joins, and each of its lanes.
import { agoText, durationText, numberText, parseInstant } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card, Empty } from "../parts/card.js";
import { Completeness } from "../parts/figure.js";
import { classes, html } from "../ui.js";

const p = await pageTexts("queues");

const STALE_MS = 180_000;

/** A queue as the stream told it last, where that is newer than the answer. */
export function newest(queue, live) {
  const told = live?.queues?.[queue.queue_id];
  if (!told || (parseInstant(told.measured_at) ?? 0) <= (parseInstant(queue.measured_at) ?? 0)) return queue;
  return { ...queue, length: told.length, longest_wait_s: told.longest_wait_s, measured_at: told.measured_at };
}

function Lane({ lane, name }) {
  const state = lane.is_open === null ? "silent" : !lane.is_open ? "closed" : lane.kind === "staffed" && !lane.is_staffed ? "unstaffed" : "open";
  const share = lane.busy_share;
  return html`<li class=${`till is-${state}`} data-lane=${lane.lane_id}>
    <span class="till-name">${name}</span>
    <span class="till-state">${p.lanes[state]}</span>
    ${lane.kind === "self_checkout" && html`<span class="hint">${p.stations(lane.tills)}</span>`}
    ${share !== null &&
    html`<span class="till-busy" title=${p.busyHelp}>
      <span class="till-bar" aria-hidden="true"><span style=${{ width: `${Math.round(share * 100)}%` }}></span></span>
      ${p.busy(`${numberText(share * 100)} %`)}
    </span>`}
    ${lane.kind === "staffed" && lane.idle_s !== null && (state !== "closed" || lane.idle_s > 0) && html`<span class="hint" title=${p.idleHelp}>${p.idle(durationText(lane.idle_s))}</span>`}
  </li>`;
}

/** What the queue waits for: lanes with a cashier, stations of a self-checkout, or both; null where nobody named its lanes. */
function servedBy({ kind, lanes }) {
  if (kind === "unknown") return null;
  const own = lanes.filter((lane) => lane.kind === "self_checkout");
  return p.kinds[kind](lanes.length - own.length, own.reduce((sum, { tills }) => sum + tills, 0));
}

function QueueCard({ queue, layout, nowMs, targetS }) {
  const place = layout.queues.find(({ id }) => id === queue.queue_id);
  const laneName = (id) => layout.lanes.find((lane) => lane.id === id)?.name ?? id;
  const atMs = parseInstant(queue.measured_at);
  const isStale = atMs === null || nowMs - atMs > STALE_MS;
  const next = isStale ? null : queue.next_wait;
  const kind = servedBy(queue);
  return html`<li class="queue-now" data-queue=${queue.queue_id}>
    <div class="queue-head">
      <h3>${place?.name ?? queue.queue_id}</h3>
      <span class=${classes("hint", isStale && "gap-text")}>${atMs === null ? p.silent : agoText(atMs, nowMs)}</span>
      ${kind && html`<p class="queue-kind hint">${kind}</p>`}
    </div>
    <dl class="queue-facts">
      <div><dt>${p.waiting}</dt><dd>${isStale ? t.unknown : numberText(queue.length)}</dd></div>
      <div><dt>${p.longest}</dt><dd class=${classes(!isStale && queue.longest_wait_s > targetS && "is-bad")}>${isStale ? t.unknown : durationText(queue.longest_wait_s)}</dd></div>
      <div class="queue-next">
        <dt>${p.nextWait}</dt>
        <dd class=${classes(next && next.mean_s > targetS && "is-bad")}>
          ${next ? durationText(next.mean_s) : t.unknown}
          ${next && html`<small>${p.band(durationText(next.low_s), durationText(next.high_s))}</small>`}
          ${!next && html`<small>${isStale ? p.silent : p.noOpenLane}</small>`}
        </dd>
      </div>
    </dl>
    ${queue.lanes.length > 0
      ? html`<ul class="tills">${queue.lanes.map((lane) => html`<${Lane} key=${lane.lane_id} lane=${lane} name=${laneName(lane.lane_id)} />`)}</ul>`
      : html`<p class="hint">${p.noLanes}</p>`}
    <p class="hint">${p.lastHour(numberText(queue.served), queue.wait_mean_s === null ? null : durationText(queue.wait_mean_s), queue.abandoned)}</p>
  </li>`;
}

/** Props: queues (as the API tells them), live, layout, nowMs, targetS, completeness (of the last hour). */
export function WaitsNow({ queues, live, layout, nowMs, targetS, completeness }) {
  if (!queues.length)
    return html`<${Card} id="waits" icon="queue" title=${p.waitsNow}><${Empty} icon="queue" title=${p.none} help=${p.noneHelp} /><//>`;
  return html`<${Card} id="waits" icon="queue" title=${p.waitsNow} aside=${html`<${Completeness} share=${completeness} />`}>
    <ul class="queues-now">
      ${queues.map(
        (queue) => html`<${QueueCard} key=${queue.queue_id} queue=${newest(queue, live)} layout=${layout} nowMs=${nowMs} targetS=${targetS} />`,
      )}
    </ul>
  <//>`;
}
