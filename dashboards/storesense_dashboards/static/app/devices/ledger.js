// Completeness hour by hour: what is missing first, and what is whole under a lid.
import { dayTimeText, timeText } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Card } from "../parts/card.js";
import { Fold } from "../parts/fold.js";
import { classes, html, Pure } from "../ui.js";
import { t } from "../i18n/index.js";
import { completenessOf, hourState } from "./hours.js";
import { percent, reasonsText } from "./shares.js";

const p = await pageTexts("devices");

const STEP = 10;
const FOLDED_FROM = 8;

/** The last day of one device, an hour a cell. The row's text says the same for who cannot see it. */
function Hours({ name, hours, zone }) {
  if (!hours.length) return html`<span class="gap-text">${p.nothingExpected}</span>`;
  const why = reasonsText(hours);
  return html`<div class="hours" role="img" aria-label=${p.hoursLabel(name, percent(completenessOf(hours)), why)}>
    ${hours.map((hour) => {
      const state = hourState(hour);
      const from = Date.parse(hour.at);
      const reasons = reasonsText([hour]);
      const text = `${timeText(from, zone)}: ${state === "nothing" ? p.nothingExpected : percent(hour.completeness)}${reasons ? ` · ${reasons}` : ""}`;
      return html`<span key=${hour.at} class=${`hour is-${state}`} title=${text}>
        ${state === "part" && html`<span style=${{ height: `${Math.max(8, hour.completeness * 100)}%` }}></span>`}
      </span>`;
    })}
  </div>`;
}

/** One device's day. Props: row, zone. */
function Day({ row, zone }) {
  const name = row.device_id ?? p.nobody;
  const why = reasonsText(row.hours);
  return html`<li data-device=${name}>
    <div class="ledger-head">
      <span class="row-name">${name}</span>
      <span class=${classes("ledger-share", row.completeness !== null && row.completeness < 0.95 && "is-bad")}>${percent(row.completeness)}</span>
    </div>
    <${Hours} name=${name} hours=${row.hours} zone=${zone} />
    ${why && html`<p class="hint">${why}</p>`}
    ${row.awaited > 0 && html`<p class="hint">${p.awaited(row.awaited)}</p>`}
  </li>`;
}

const isWhole = (row) => row.hours.every((hour) => ["whole", "nothing"].includes(hourState(hour))) && !row.awaited;

/** Props: rows (of devices), others (hours that no device measured), zone, from, nowMs, isOpen and onToggle (of what is whole). */
export class Ledger extends Pure {
  state = { shown: STEP };

  render({ rows, others, zone, from, nowMs, isOpen, onToggle }, { shown }) {
    const all = others.length ? [...rows, { device_id: null, hours: others, completeness: completenessOf(others) }] : rows;
    const list = (some) => html`<ul class="ledger">${some.map((row) => html`<${Day} key=${row.device_id ?? ""} row=${row} zone=${zone} />`)}</ul>`;
    const whole = all.length > FOLDED_FROM ? all.filter(isWhole) : [];
    const short = all
      .filter((row) => !whole.includes(row))
      .sort((a, b) => (all.length > FOLDED_FROM ? (a.completeness ?? 2) - (b.completeness ?? 2) : 0));
    return html`<${Card} id="completeness" icon="chart" title=${p.completeness}>
      <p class="card-lead">${p.completenessLead(dayTimeText(from, nowMs, zone))}</p>
      ${list(short.slice(0, shown))}
      ${short.length > shown &&
      html`<div class="table-foot">
        <span class="hint">${t.parts.shownOf(shown, short.length)}</span>
        <button class="quiet" onClick=${() => this.setState({ shown: shown + STEP })}>${t.parts.showMore(Math.min(STEP, short.length - shown))}</button>
      </div>`}
      ${whole.length > 0 && html`<${Fold} title=${p.whole(whole.length)} isOpen=${isOpen} onToggle=${onToggle}>${() => list(whole)}<//>`}
      <ul class="legend">
        <li><span class="hour is-whole"></span>${p.legend.whole}</li>
        <li><span class="hour is-part"><span style=${{ height: "50%" }}></span></span>${p.legend.part}</li>
        <li><span class="hour is-none"></span>${p.legend.none}</li>
        <li><span class="hour is-nothing"></span>${p.legend.nothing}</li>
      </ul>
    <//>`;
  }
}
