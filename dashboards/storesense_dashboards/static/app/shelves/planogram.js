// The planogram as it hangs, section by section. In a large store a section shows what needs attention, and all of it when its
// lid is opened or something is looked for.
import { deviceText } from "../devices/words.js";
import { slotTitle } from "../floor/describe.js";
import { dateText, numberText, timeText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card } from "../parts/card.js";
import { Find, finder } from "../parts/filter.js";
import { Fold, openFolds, withFold } from "../parts/fold.js";
import { classes, html } from "../ui.js";
import { needsRestock } from "./rows.js";
import { whenEmpty } from "./when.js";

const p = await pageTexts("shelves");

const SURE = 0.8;
const FOLDED_FROM = 24; // slots of a store
const MAX_NEEDY = 6; // of a folded section; its lid tells the number of all
const MAX_FOUND = 60;

const stateText = (row) => (row.state === "stale" || row.state === "none" ? p.noWeight : t.shelves[row.state]);

function Confidence({ row }) {
  if (row.confidence === null) return html`<span class="gap-text">${stateText(row)}</span>`;
  const text = `${numberText(Math.floor(row.confidence * 100))} %`;
  return html`<span class=${classes(row.confidence < SURE && "is-bad")}>${p.sure(text)}</span>`;
}

/** One place on the shelf, as wide as its facings. */
function Place({ row, onShow, onCount }) {
  const { slot, units, state } = row;
  const isGap = units === null;
  const fill = isGap ? 0 : Math.min(1, units / slot.capacity_units);
  return html`<li class=${classes("place", `slot-${state}`, isGap && "is-gap")} style=${{ flexGrow: slot.facings ?? 1 }}>
    <button onClick=${() => onShow({ kind: "slot", id: slot.id })}>
      <span class="place-name">${slotTitle(slot)}</span>
      <span class="place-note">${slot.name}${slot.facings > 1 ? ` · ${p.facings(slot.facings)}` : ""}</span>
      <span class="place-units">
        ${isGap ? t.unknown : numberText(units)}<small> / ${numberText(slot.capacity_units)}</small>
      </span>
      <span class="meter" aria-hidden="true">
        <span class="meter-fill" style=${{ width: `${fill * 100}%` }}></span>
        <span class="meter-mark" style=${{ left: `${(slot.reorder_point_units / slot.capacity_units) * 100}%` }}></span>
      </span>
      <span class="place-note"><${Confidence} row=${row} /></span>
      <span class="place-note">${whenEmpty(row)}</span>
      ${row.also.map(
        (each) => html`<span class="place-also" key=${each.sku}>
          ${each.name} <b>${each.units === null ? t.unknown : numberText(each.units)}</b><small> / ${numberText(each.capacity_units)}</small>
          ${each.confidence !== null && html` <small>${p.sure(`${numberText(Math.floor(each.confidence * 100))} %`)}</small>`}
        </span>`,
      )}
      ${row.guestG > 0 && html`<span class="place-note is-bad">${p.guest(numberText(row.guestG))}</span>`}
      ${row.calibrationDue && html`<span class="place-note is-bad">${p.calibrationDue(deviceText(row.calibrationDue))}</span>`}
    </button>
    ${onCount && html`<button class="quiet place-count no-print" onClick=${() => onCount(slot)}>${p.count.open}<span class="visually-hidden"> ${slot.name}</span></button>`}
  </li>`;
}

/** Sections of the layout with their rows, from left to right and from the back to the front as they hang. */
function bySection(layout, rows) {
  const place = ({ slot }) => slot.at_m ?? [Infinity, Infinity];
  return layout.sections
    .map((section) => ({
      section,
      rows: rows
        .filter((row) => row.slot.section === section.id)
        .sort((a, b) => {
          const [[ax, ay], [bx, by]] = [place(a), place(b)];
          return (Math.abs(ay - by) > 0.5 ? ay - by : ax - bx) || a.slot.name.localeCompare(b.slot.name, t.lang, { numeric: true });
        }),
    }))
    .filter((entry) => entry.rows.length);
}

/** Whether somebody should look at a place: it wants goods, says nothing, or holds what does not belong there. */
const isNeedy = (row) => row.units === null || row.guestG > 0 || Boolean(row.calibrationDue) || needsRestock(row);

/** What is to say of a section on its lid. */
function countsText(rows) {
  const empty = rows.filter((row) => row.units === 0).length;
  const silent = rows.filter((row) => row.units === null).length;
  const needy = rows.filter(isNeedy).length;
  return [
    p.places(rows.length),
    empty && p.countEmpty(empty),
    needy - empty - silent > 0 && p.countNeedy(needy - empty - silent),
    silent && p.countSilent(silent),
    !needy && p.countWell,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Props: layout, rows, planogram, zone, onShow(item), onCount(slot) or null, params, setParams(params). */
export function Planogram({ layout, rows, planogram, zone, onShow, onCount, params, setParams }) {
  const version =
    planogram && p.version(planogram.version, `${dateText(Date.parse(planogram.valid_from), zone)}, ${timeText(Date.parse(planogram.valid_from), zone)}`);
  const places = (some) => html`<ul class="shelf-places">
    ${some.map((row) => html`<${Place} key=${row.slot.id} row=${row} onShow=${onShow} onCount=${onCount} />`)}
  </ul>`;
  const isLarge = rows.length >= FOLDED_FROM;
  const find = finder(params.find);
  const isFound = ({ slot, section, also }) =>
    find(slot.name, section, slot.product?.name, slot.product?.sku, ...also.flatMap(({ name, sku }) => [name, sku]));
  const isSearch = isLarge && Boolean(params.find?.trim());
  const found = isSearch ? rows.filter(isFound) : rows;
  const sections = bySection(layout, isSearch ? found.slice(0, MAX_FOUND) : rows);
  const open = openFolds(params);
  const folded = (section, all) => {
    const needy = all.filter(isNeedy);
    const isOpen = open.has(section.id);
    return html`<section key=${section.id} class="shelf-section" data-section=${section.id}>
      <${Fold} title=${section.name} aside=${countsText(all)} isOpen=${isOpen} onToggle=${(opens) => setParams(withFold(params, section.id, opens))}>
        ${() => places(all)}
      <//>
      ${!isOpen && needy.length > 0 && places(needy.slice(0, MAX_NEEDY))}
      ${!isOpen && needy.length > MAX_NEEDY && html`<p class="hint">${p.moreNeedy(needy.length - MAX_NEEDY)}</p>`}
    </section>`;
  };
  return html`<${Card} id="planogram" icon="shelf" title=${p.planogram} aside=${version && html`<span class="hint">${version}</span>`}>
    ${isLarge &&
    html`<div class="filters"><${Find} label=${p.find} value=${params.find} found=${found.length} onChange=${(text) => setParams({ ...params, find: text })} /></div>`}
    ${isSearch && !found.length && html`<p class="hint">${p.noneFound}</p>`}
    ${sections.map(({ section, rows: all }) =>
      isLarge && !isSearch
        ? folded(section, all)
        : html`<section key=${section.id} class="shelf-section" data-section=${section.id}>
            <h3>${section.name}</h3>
            ${places(all)}
          </section>`,
    )}
    ${found.length > MAX_FOUND && isSearch && html`<p class="hint">${t.parts.shownOf(MAX_FOUND, found.length)}</p>`}
  <//>`;
}
