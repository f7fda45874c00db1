// The shelf list: what needs stock first, all the others on demand.
import { shelfList } from "../figures.js";
import { dayTimeText, numberText } from "../format.js";
import { slotTitle } from "../floor/describe.js";
import { t } from "../i18n/index.js";
import { classes, html, Pure } from "../ui.js";
import { Card, Empty } from "../parts/card.js";

const MAX_SHOWN = 100;

function stateText(row, atMs, zone) {
  if (row.state === "stale") return t.floor.noDataSince(dayTimeText(row.sinceMs, atMs ?? row.sinceMs, zone));
  if (row.state === "none") return t.floor.noDataYet;
  return t.shelves[row.state];
}

function ShelfRow({ row, atMs, zone, selected, onShow }) {
  const { slot, state, units, fill } = row;
  const needs = state === "low" || state === "empty";
  const isGap = ["stale", "none", "unknown", "settling"].includes(state);
  return html`<li>
    <button
      class=${classes("row", "shelf-row", `slot-${state}`, needs && "needs-action", isGap && "is-gap", selected && "is-selected")}
      aria-pressed=${selected ? "true" : "false"}
      onClick=${() => onShow({ kind: "slot", id: slot.id })}
    >
      <span class="row-main">
        <span class="row-name">${slotTitle(slot)}</span>
        <span class=${classes("row-note", isGap && "gap-text")}>${slot.name} · ${stateText(row, atMs, zone)}</span>
      </span>
      <span class="row-side">
        ${needs && html`<strong class="bring">${t.shelves.bring(slot.capacity_units - units)}</strong>`}
        <span>${isGap ? t.unknown : t.item.stockOf(numberText(units), numberText(slot.capacity_units))}</span>
      </span>
      <span class="meter" aria-hidden="true">
        <span class="meter-fill" style=${{ width: `${isGap || fill === null ? 0 : fill * 100}%` }}></span>
        <span
          class="meter-mark"
          style=${{ left: `${(slot.reorder_point_units / slot.capacity_units) * 100}%` }}
        ></span>
      </span>
    </button>
  </li>`;
}

/** Props: layout, live, atMs, selected, onShow(item). */
export class Shelves extends Pure {
  state = { all: false, text: "" };

  #matching(rows) {
    const text = this.state.text.trim().toLocaleLowerCase();
    if (text) {
      const texts = ({ slot }) => [slot.name, slot.product?.name, slot.product?.sku].filter(Boolean);
      return rows.filter((row) => texts(row).some((part) => part.toLocaleLowerCase().includes(text)));
    }
    return this.state.all ? rows : rows.filter((row) => row.state !== "ok" && row.state !== "settling");
  }

  render({ layout, live, atMs, selected, onShow }, { all, text }) {
    const zone = layout.time_zone;
    if (!layout.slots.length)
      return html`<${Card} id="shelves" icon="shelf" title=${t.shelves.title}>
        <${Empty} icon="shelf" title=${t.shelves.none} help=${t.shelves.noneHelp} />
      <//>`;
    const { rows, needing } = shelfList(layout, live, atMs);
    const matching = this.#matching(rows);
    const shown = matching.slice(0, MAX_SHOWN);
    return html`<${Card}
      id="shelves"
      icon="shelf"
      title=${t.shelves.title}
      aside=${needing > 0 && html`<span class="count">${t.shelves.needing(needing)}</span>`}
    >
      <div class="find">
        <input
          type="search"
          aria-label=${t.shelves.find}
          placeholder=${t.shelves.find}
          value=${text}
          maxlength="120"
          onInput=${(event) => this.setState({ all, text: event.target.value })}
        />
      </div>
      <ul class="rows">
        ${shown.map(
          (row) =>
            html`<${ShelfRow}
              key=${row.slot.id}
              ...${{ row, atMs, zone, onShow }}
              selected=${Boolean(selected && selected.kind === "slot" && selected.id === row.slot.id)}
            />`,
        )}
      </ul>
      ${text && !shown.length && html`<p class="hint">${t.shelves.nothingFound(text)}</p>`}
      ${!text && !shown.length && html`<p class="hint">${t.shelves.allStocked}</p>`}
      ${matching.length > shown.length && html`<p class="hint">${t.shelves.shownOf(shown.length, matching.length)}</p>`}
      ${!text &&
      (all || matching.length < rows.length) &&
      html`<button class="quiet wide" aria-expanded=${all ? "true" : "false"} onClick=${() => this.setState({ all: !all, text })}>
        ${all ? t.shelves.showNeeding : t.shelves.showAll(rows.length)}
      </button>`}
    <//>`;
  }
}
