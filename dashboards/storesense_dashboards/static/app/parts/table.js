// The one table: sorted by any column, shown in steps, saved as CSV. On a phone each row becomes a card, folded where columns
// say what is kept of it.
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { classes, html, Pure } from "../ui.js";
import { saveCsv } from "./download.js";

const STEP = 100;
const FOLDED_FROM = 6; // rows

/** Compare two values of a column; what is not known comes last, whichever way it is sorted. */
export function compareValues(a, b, isDescending) {
  const [noA, noB] = [a === null || a === undefined, b === null || b === undefined];
  if (noA || noB) return noA - noB;
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), t.lang, { numeric: true });
  return isDescending ? -order : order;
}

/**
 * Props: title (of the table and its file), rows, keyOf(row), columns, sortedBy (a column's id; "-id" for descending),
 * onSort(sortedBy) if the view keeps it, rowClass(row), empty (what stands where there is no row), step (how many rows are shown
 * at once, 100 if not given).
 *
 * A column: id, label, value(row) (a number, a text or null: to sort by and to save), cell(row) (what is shown; the value
 * where not given), isNumber, isHead (the cell that names the row), isUnsorted, isBrief (kept on a phone while the row is folded;
 * rows of short tables, and without any such column, are never folded).
 */
export class Table extends Pure {
  state = { sortedBy: null, shown: null, opened: new Set() };

  #sort = (sortedBy) => {
    this.setState({ ...this.state, sortedBy });
    this.props.onSort?.(sortedBy);
  };

  onCsv = () => {
    const { title, columns } = this.props;
    saveCsv(title, [columns.map((column) => column.label), ...this.#sorted().map((row) => columns.map((c) => c.value(row)))]);
  };

  #sortedBy() {
    return (this.props.onSort ? this.props.sortedBy : this.state.sortedBy) ?? this.props.sortedBy ?? null;
  }

  #sorted() {
    const sortedBy = this.#sortedBy();
    const isDescending = sortedBy?.startsWith("-") ?? false;
    const column = this.props.columns.find(({ id }) => id === sortedBy?.replace(/^-/, ""));
    if (!column) return this.props.rows;
    return [...this.props.rows].sort((a, b) => compareValues(column.value(a), column.value(b), isDescending));
  }

  #fold(key) {
    const opened = new Set(this.state.opened);
    if (!opened.delete(key)) opened.add(key);
    this.setState({ ...this.state, opened });
  }

  /** The cell that names a row; on a phone it opens the row. */
  #name(row, column, canFold) {
    const text = column.cell ? column.cell(row) : (column.value(row) ?? t.unknown);
    const key = this.props.keyOf(row);
    const isOpen = this.state.opened.has(key);
    return html`<th key=${column.id} scope="row" class=${classes(column.isNumber && "is-number")}>
      <span>${text}</span>
      ${canFold &&
      html`<button class="quiet row-fold" aria-expanded=${isOpen ? "true" : "false"} aria-label=${t.parts.detailsOf(column.value(row) ?? t.unknown)} onClick=${() => this.#fold(key)}>
        <span class="fold-mark" aria-hidden="true"></span>
      </button>`}
    </th>`;
  }

  #head(column) {
    const sortedBy = this.#sortedBy();
    const state = sortedBy === column.id ? "ascending" : sortedBy === `-${column.id}` ? "descending" : undefined;
    const className = column.isNumber ? "is-number" : undefined;
    if (column.isUnsorted) return html`<th key=${column.id} scope="col" class=${className}>${column.label}</th>`;
    const next = state === "ascending" ? `-${column.id}` : column.id;
    return html`<th key=${column.id} scope="col" class=${className} aria-sort=${state}>
      <button class="sort" title=${t.parts.sortBy(column.label)} onClick=${() => this.#sort(next)}>
        ${column.label}<span aria-hidden="true">${state === "ascending" ? " ↑" : state === "descending" ? " ↓" : ""}</span>
      </button>
    </th>`;
  }

  render({ title, rows, columns, keyOf, rowClass, empty, step = STEP }, state) {
    if (!rows.length) return empty ?? html`<p class="hint">${t.parts.nothing}</p>`;
    const shown = state.shown ?? step;
    const canFold = rows.length >= FOLDED_FROM && columns.some((column) => column.isBrief);
    const cell = (row, column) => (column.cell ? column.cell(row) : (column.value(row) ?? t.unknown));
    return html`<div class="table-box">
      <div class="table-scroller" tabindex="0" role="region" aria-label=${title}>
        <table>
          <caption class="visually-hidden">
            ${title}
          </caption>
          <thead>
            <tr>
              ${columns.map((column) => this.#head(column))}
            </tr>
          </thead>
          <tbody>
            ${this.#sorted()
              .slice(0, shown)
              .map(
                (row) =>
                  html`<tr key=${keyOf(row)} class=${classes(rowClass?.(row), canFold && !state.opened.has(keyOf(row)) && "is-folded") || undefined} data-row=${keyOf(row)}>
                    ${columns.map((column) =>
                      column.isHead
                        ? this.#name(row, column, canFold)
                        : html`<td key=${column.id} class=${classes(column.isNumber && "is-number", column.isBrief && "is-brief")} data-label=${column.label}>
                            ${cell(row, column)}
                          </td>`,
                    )}
                  </tr>`,
              )}
          </tbody>
        </table>
      </div>
      <div class="table-foot">
        ${rows.length > shown &&
        html`<span class="hint">${t.parts.shownOf(shown, rows.length)}</span>
          <button class="quiet" onClick=${() => this.setState({ ...this.state, shown: shown + step })}>
            ${t.parts.showMore(Math.min(step, rows.length - shown))}
          </button>`}
        <button class="quiet save" aria-label=${t.parts.csvOf(title)} onClick=${this.onCsv}>
          <${Icon} name="download" size=${18} />${t.parts.csv}
        </button>
      </div>
    </div>`;
  }
}
