// Drawing: a sheet with tools above it, what is selected beside it, and a list of everything. It knows no server.
import { pointsText } from "../floor/geometry.js";
import { pageTexts } from "../i18n/index.js";
import { classes, Component, html } from "../ui.js";
import { codesOf, newProblems } from "./check.js";
import { itemsOf, partsOf, pointsOn, shapesOn, withInSide, inSideOn, withNew, without, withPoints } from "./drawing.js";
import { changed, redone, settled, undone } from "./history.js";
import { Panel } from "./panel.js";
import { Sheet } from "./sheet.js";

const p = await pageTexts("setup");

const NEW_ON = { floor: ["line", "zone", "queue", "lane", "shelf", "slot"], picture: ["line", "zone", "queue"] };
const FEWEST = { line: 2, zone: 3, queue: 3, lane: 1, shelf: 3, slot: 2 };

/** Walls and the ground of the floor plan, behind what is drawn. */
export const floorBack = (floor) => (fit) => {
  const [width, depth] = floor.size_m;
  const corners = [[0, 0], [width, 0], [width, depth], [0, depth]].map(fit.toPx);
  const lines = [];
  for (let x = 1; x < width; x += 1) lines.push([fit.toPx([x, 0]), fit.toPx([x, depth])]);
  for (let y = 1; y < depth; y += 1) lines.push([fit.toPx([0, y]), fit.toPx([width, y])]);
  return html`<g aria-hidden="true">
    <polygon class="sheet-floor" points=${pointsText(corners)} />
    ${lines.map(([a, b], i) => html`<line key=${i} class="sheet-grid" x1=${a[0]} y1=${a[1]} x2=${b[0]} y2=${b[1]} />`)}
    ${floor.walls.map((wall, i) => html`<polyline key=${`w${i}`} class="wall" points=${pointsText(wall.map(fit.toPx))} />`)}
  </g>`;
};

/**
 * Props: history, held (the drawing that holds), store (`{id, name, floor, sections}`), names of slots, cameras, devices that weigh slots (none where slots are not drawn), isFixed, onHistory(history), sheets: a list
 * of `{surface, label, title, aspect, back, pairs, onPairs}`, aside (more markup beside the panel).
 */
export class Editor extends Component {
  state = { selected: null, point: null, surface: this.props.sheets[0].surface };

  componentDidMount() {
    addEventListener("keydown", this.onKey);
  }

  componentWillUnmount() {
    removeEventListener("keydown", this.onKey);
  }

  onKey = (event) => {
    if (!(event.ctrlKey || event.metaKey) || this.props.isFixed || event.target.closest?.("input, textarea, dialog")) return;
    const letter = event.key.toLowerCase();
    if (letter === "z") this.props.onHistory(event.shiftKey ? redone(this.props.history) : undone(this.props.history));
    else if (letter === "y") this.props.onHistory(redone(this.props.history));
    else return;
    event.preventDefault();
  };

  #change = (drawing, tag = null) => this.props.onHistory(changed(this.props.history, drawing, tag));

  #sheet(surface) {
    const { now } = this.props.history;
    return {
      onSelect: (selected, point) => this.setState({ selected, point, surface }),
      onChange: (key, points, tag) => this.#change(withPoints(now, surface, key, points), tag),
      onSettled: () => this.props.onHistory(settled(this.props.history)),
      onTurn: (key) => {
        this.setState({ selected: key, surface });
        this.#change(withInSide(now, surface, key, inSideOn(now, surface, key) === "left" ? "right" : "left"));
      },
      onDelete: (key, point) => this.#delete(surface, key, point),
    };
  }

  #delete(surface, key, point) {
    const { now } = this.props.history;
    if (key === "pair") return;
    const [kind] = partsOf(key);
    const points = pointsOn(now, surface, key);
    if (point !== null && points.length > FEWEST[kind]) this.#change(withPoints(now, surface, key, points.toSpliced(point, 1)));
    else if (kind !== "slot" || this.props.devices) this.#remove(key);
  }

  #remove = (key) => {
    this.setState({ selected: null, point: null });
    this.#change(without(this.props.history.now, key, this.props.held));
  };

  #add(kind) {
    const { store, history, sheets } = this.props;
    const sheet = sheets.find(({ surface }) => surface === this.state.surface) ?? sheets[0];
    const { surface } = sheet;
    const size = surface.kind === "floor" ? store.floor.size_m : [1, 1];
    let { drawing, key } = withNew(history.now, kind, surface, size, { name: (n) => p.newName(p.kinds[kind], n), section: store.sections[0].id });
    this.setState({ selected: key, point: null, surface });
    this.#change(drawing);
  }

  render({ history, held, store, names, cameras, devices, isFixed, sheets, aside }, { selected, point, surface }) {
    const drawing = history.now;
    const problems = newProblems(drawing, held, store.floor.size_m);
    const badKeys = new Set(problems.map(({ key }) => key));
    const active = sheets.find((sheet) => sheet.surface === surface)?.surface ?? sheets[0].surface;
    const sized = active.kind === "floor" ? { ...active, size: store.floor.size_m } : active;
    return html`<div class="editor">
      ${!isFixed &&
      html`<div class="editor-tools" role="toolbar" aria-label=${p.tools}>
        <span class="hint">${sheets.length > 1 ? p.addOn[active.kind] : p.add}</span>
        ${NEW_ON[active.kind]
          .filter((kind) => devices || (kind !== "shelf" && kind !== "slot"))
          .map((kind) => html`<button key=${kind} onClick=${() => this.#add(kind)}>+ ${p.kinds[kind]}</button>`)}
        <span class="editor-gap"></span>
        <button class="quiet" disabled=${!history.past.length} onClick=${() => this.props.onHistory(undone(history))}>${p.undo}</button>
        <button class="quiet" disabled=${!history.future.length} onClick=${() => this.props.onHistory(redone(history))}>${p.redo}</button>
      </div>`}
      <div class=${classes("editor-body", sheets.length > 1 && "has-two")}>
        <div class="editor-sheets">
          ${sheets.map(
            (sheet) =>
              html`<div key=${sheet.title} class=${classes("editor-sheet", sheets.length > 1 && sheet.surface === active && "is-active")}>
                ${sheets.length > 1 && html`<h3 class="editor-sheet-title">${sheet.title}</h3>`}
                <${Sheet}
                  surface=${sheet.surface}
                  size=${sheet.surface.kind === "floor" ? store.floor.size_m : [1, 1]}
                  aspect=${sheet.aspect}
                  label=${sheet.label}
                  shapes=${shapesOn(drawing, sheet.surface, names)}
                  selected=${selected}
                  point=${sheet.surface === active ? point : null}
                  badKeys=${badKeys}
                  back=${sheet.back}
                  pairs=${sheet.pairs}
                  onPairs=${sheet.onPairs}
                  isFixed=${isFixed}
                  ...${this.#sheet(sheet.surface)}
                />
              </div>`,
          )}
          <p class="hint">${p.help}</p>
        </div>
        <div class="editor-side">
          ${aside}
          <${Panel}
            drawing=${drawing}
            selected=${selected}
            surface=${sized}
            codes=${selected ? codesOf(problems, selected) : []}
            cameras=${cameras}
            devices=${devices}
            held=${held}
            store=${store}
            names=${names}
            isFixed=${isFixed}
            onChange=${this.#change}
            onRemove=${this.#remove}
          />
          <${Items} drawing=${drawing} names=${names} selected=${selected} badKeys=${badKeys} onSelect=${(key) => this.setState({ selected: key, point: null, surface: active })} />
        </div>
      </div>
    </div>`;
  }
}

function Items({ drawing, names, selected, badKeys, onSelect }) {
  const items = itemsOf(drawing, names);
  return html`<details class="items" open>
    <summary>${p.everything(items.length)}</summary>
    <ul>
      ${items.map(
        ({ key, kind, name }) =>
          html`<li key=${key}>
            <button class=${classes("quiet", key === selected && "is-selected")} aria-pressed=${key === selected ? "true" : "false"} onClick=${() => onSelect(key)}>
              <span class=${`items-mark is-${kind}`} aria-hidden="true"></span><span>${name}</span>
              <small>${badKeys.has(key) ? p.bad : p.kinds[kind]}</small>
            </button>
          </li>`,
      )}
    </ul>
  </details>`;
}


