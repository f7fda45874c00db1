// What to do at the lanes: the advice for now, in 15 and in 30 minutes, with the waits to expect with and without it.
import { durationText, numberText } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Card, Empty } from "../parts/card.js";
import { classes, html } from "../ui.js";

const p = await pageTexts("queues");

/** Why a store is not advised, and what to do about it: what its layout lacks, or that it is still being learnt. */
export function whyUnknown(layout) {
  const staffed = new Set(layout.lanes.filter(({ kind }) => kind !== "self_checkout").map(({ id }) => id));
  if (!layout.queues.some(({ lanes }) => (lanes ?? []).some((id) => staffed.has(id)))) return p.unknown.noTills;
  if (!layout.lines.some((line) => line.is_entrance)) return p.unknown.noEntrance;
  return p.unknown.noDay;
}

/** Lanes to open (above 0) or that may close (below) at an outlook. */
export const change = (staffing, outlook) => outlook.lanes - staffing.lanes_open;

function heading(staffing) {
  const [now, ...later] = staffing.outlooks;
  const more = change(staffing, now);
  if (more) return { text: more > 0 ? p.advice.open(more) : p.advice.close(-more), isAct: more > 0 };
  const next = later.find((outlook) => change(staffing, outlook));
  if (!next) return { text: p.advice.asNeeded, isAct: false };
  const soon = change(staffing, next);
  return { text: soon > 0 ? p.advice.openSoon(soon, next.in_min) : p.advice.closeSoon(-soon, next.in_min), isAct: false };
}

/** A wait: its mean, and below it between what four of five people are. */
function Wait({ wait, label, isBad }) {
  return html`<div class="outlook-wait">
    <dt>${label}</dt>
    <dd class=${classes(isBad && "is-bad")}>
      <strong>${durationText(wait.mean_s)}</strong>
      <small>${p.advice.wait(durationText(wait.p10_s), durationText(wait.p90_s))}</small>
    </dd>
  </div>`;
}

function Outlook({ staffing, outlook }) {
  const more = change(staffing, outlook);
  return html`<li class=${classes("outlook", more > 0 && "is-act")} data-in=${outlook.in_min}>
    <h3>${outlook.in_min ? p.advice.inMinutes(outlook.in_min) : p.advice.now}</h3>
    <p class="outlook-lanes">
      <strong>${numberText(outlook.lanes)}</strong> ${p.advice.lanes(outlook.lanes)}
      ${more !== 0 && html`<span class="outlook-change">${more > 0 ? `+${more}` : `−${-more}`}</span>`}
    </p>
    <dl>
      <${Wait} wait=${outlook.wait} label=${more ? p.advice.following : p.advice.expected} />
      ${more !== 0 && html`<${Wait} wait=${outlook.wait_unchanged} label=${p.advice.unchanged} isBad=${more > 0} />`}
    </dl>
    <p class="hint">${p.advice.fewest(outlook.lanes_for_target)}</p>
  </li>`;
}

/** Props: staffing (as the API tells it), layout. */
export function Advice({ staffing, layout }) {
  if (!staffing.is_known) {
    const { title, help } = whyUnknown(layout);
    return html`<${Card} id="advice" icon="people" title=${p.advice.title}><${Empty} icon="people" title=${title} help=${help} /><//>`;
  }
  const { text, isAct } = heading(staffing);
  const silent = staffing.lanes_total - staffing.lanes_told;
  const { arrivals_15: arrivals } = staffing;
  return html`<${Card} id="advice" icon="people" title=${p.advice.title} className=${classes("advice-card", isAct && "is-act")}>
    <p class="advice-say"><${Icon} name=${isAct ? "warning" : "check"} size=${24} />${text}</p>
    <p class="card-lead">
      ${p.advice.state(staffing.lanes_open, staffing.lanes_total, staffing.people)}
      ${" "}${p.advice.arrivals(numberText(arrivals.mean), numberText(arrivals.low), numberText(arrivals.high))}
    </p>
    ${silent > 0 && html`<p class="hint gap-text">${p.advice.silent(silent)}</p>`}
    <ul class="outlooks">
      ${staffing.outlooks.map((outlook) => html`<${Outlook} key=${outlook.in_min} staffing=${staffing} outlook=${outlook} />`)}
    </ul>
    <p class="hint">${p.advice.basis(staffing.learnt_days)}</p>
  <//>`;
}
