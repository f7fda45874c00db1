// One surface with what is drawn on it: the floor plan, or a camera's picture. Shapes and their points can be dragged with
// mouse and finger, and moved with the arrow keys.
import { inArrow, pointsText } from "../floor/geometry.js";
import { pageTexts } from "../i18n/index.js";
import { classes, createRef, html, Pure } from "../ui.js";
import { rounded } from "./drawing.js";
import { labelAt, namedKeys, shortName } from "./labels.js";

const p = await pageTexts("setup");

const STEP = { floor: 0.1, picture: 0.005 };
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ARROW_PX = 34;
const SMALL_ARROW_PX = 24;
const SPOT_PX = 12;
const SMALL_SPOT_PX = 6;
const MARGIN_PX = 22;
const MAX_HEIGHT_PX = 560;

/** A coordinate as it is shown: metres, or per cent of the picture. */
export const shownOf = (surface, value) => (surface.kind === "floor" ? rounded(value, surface) : Math.round(value * 1000) / 10);
export const unitOf = (surface) => (surface.kind === "floor" ? "m" : "%");

/**
 * Props: surface, size (width and height of the surface in its own unit), label, shapes, selected (key), point (index of the
 * selected one), badKeys (a Set), back (what lies behind: a function of the fit that gives markup), pairs (or null),
 * isFixed, onSelect(key, point), onChange(key, points, tag), onSettled(), onTurn(key), onPairs(points, tag), onDelete(key, point).
 */
export class Sheet extends Pure {
  box = createRef();
  state = { widthPx: 0 };
  #drag = null;

  componentDidMount() {
    this.observer = new ResizeObserver(([entry]) => this.setState({ widthPx: Math.floor(entry.contentRect.width) }));
    this.observer.observe(this.box.current);
  }

  componentWillUnmount() {
    this.observer.disconnect();
  }

  #fit() {
    const [width, height] = this.props.size;
    const aspect = this.props.aspect ?? width / height;
    const insidePx = Math.max(80, this.state.widthPx - 2 * MARGIN_PX);
    const widthPx = Math.min(insidePx, MAX_HEIGHT_PX * aspect);
    const heightPx = widthPx / aspect;
    const left = (this.state.widthPx - widthPx) / 2;
    return {
      left,
      top: MARGIN_PX,
      widthPx,
      heightPx,
      isSmall: widthPx < 420,
      fullPx: [this.state.widthPx, heightPx + 2 * MARGIN_PX],
      toPx: ([x, y]) => [left + (x / width) * widthPx, MARGIN_PX + (y / height) * heightPx],
      fromPx: ([x, y]) => [((x - left) / widthPx) * width, ((y - MARGIN_PX) / heightPx) * height],
    };
  }

  #at(event) {
    const bounds = this.box.current.querySelector("svg").getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  }

  /** What an event is about: `{key, point}`, point null for the whole shape. */
  #target(event) {
    const element = event.target.closest?.("[data-key]");
    if (!element) return null;
    const { key, point, insert } = element.dataset;
    return { key, point: point === undefined ? null : Number(point), insert: insert === undefined ? null : Number(insert) };
  }

  onPointerDown = (event) => {
    if (event.button > 0 || this.#drag) return;
    const target = this.#target(event);
    if (!target) return this.props.onSelect(null, null);
    if (this.props.isFixed) return this.props.onSelect(target.key, null);
    event.preventDefault();
    event.target.closest("[tabindex]")?.focus();
    if (event.target.closest("[data-turn]")) return this.props.onTurn(target.key);
    const shape = this.#shape(target.key);
    let { points } = shape;
    let { point } = target;
    if (target.insert !== null) {
      const [a, b] = [points[target.insert], points[(target.insert + 1) % points.length]];
      point = target.insert + 1;
      points = points.toSpliced(point, 0, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
      this.#change(target.key, points, null);
    }
    this.props.onSelect(target.key, point);
    this.#drag = { id: event.pointerId, key: target.key, point, points, from: this.#fit().fromPx(this.#at(event)), hasMoved: false };
    event.currentTarget.setPointerCapture(event.pointerId);
    return undefined;
  };

  onPointerMove = (event) => {
    const drag = this.#drag;
    if (!drag || drag.id !== event.pointerId) return;
    const to = this.#fit().fromPx(this.#at(event));
    const by = [to[0] - drag.from[0], to[1] - drag.from[1]];
    if (!drag.hasMoved && Math.hypot(...by.map((value, axis) => (value / this.props.size[axis]) * this.#fit().widthPx)) < 3) return;
    drag.hasMoved = true;
    this.#moveFrom(drag.key, drag.points, drag.point, by, `drag:${drag.key}:${drag.point}`);
  };

  onPointerUp = (event) => {
    if (this.#drag?.id !== event.pointerId) return;
    this.#drag = null;
    this.props.onSettled();
  };

  #shape(key) {
    if (key === "pair") return { points: this.props.pairs.points, shape: "point" };
    return this.props.shapes.find((shape) => shape.key === key);
  }

  #moveFrom(key, points, point, by, tag) {
    const { surface, size } = this.props;
    // A picture ends at its edges; a floor plan has a step before its door.
    const most = surface.kind === "floor" ? 1 : 0;
    const kept = (value, axis) => rounded(Math.min(size[axis] + most, Math.max(-most, value)), surface);
    const moved = points.map((each, i) => (point === null || point === i ? [kept(each[0] + by[0], 0), kept(each[1] + by[1], 1)] : each));
    this.#change(key, moved, tag);
  }

  #change(key, points, tag) {
    if (key === "pair") this.props.onPairs(points, tag);
    else this.props.onChange(key, points, tag);
  }

  onKeyDown = (event) => {
    const target = this.#target(event);
    if (!target) return;
    const { key, point } = target;
    const move = MOVES[event.key];
    if (event.target.closest("[data-turn]") && (event.key === "Enter" || event.key === " ")) this.props.onTurn(key);
    else if (event.key === "Enter" || event.key === " ") this.props.onSelect(key, point);
    else if (event.key === "Escape") this.props.onSelect(null, null);
    else if (move && !this.props.isFixed) {
      const step = STEP[this.props.surface.kind] * (event.shiftKey ? 10 : 1);
      this.#moveFrom(key, this.#shape(key).points, point, [move[0] * step, move[1] * step], `keys:${key}:${point}`);
    } else if ((event.key === "Delete" || event.key === "Backspace") && !this.props.isFixed) this.props.onDelete(key, point);
    else return;
    event.preventDefault();
  };

  onFocus = (event) => {
    const target = this.#target(event);
    if (target && target.key !== this.props.selected && target.key !== "pair") this.props.onSelect(target.key, target.point);
  };

  /** Screen readers press without a pointer. */
  onClick = (event) => {
    if (event.detail !== 0 || this.props.isFixed) return;
    const turn = event.target.closest?.("[data-turn]");
    if (turn) this.props.onTurn(turn.dataset.key);
  };

  #pointText(at) {
    const { surface } = this.props;
    return p.at(shownOf(surface, at[0]), shownOf(surface, at[1]), unitOf(surface));
  }

  #drawn(shape, fit, isNamed) {
    const { selected, point, badKeys, isFixed } = this.props;
    const isSelected = shape.key === selected;
    const px = shape.points.map(fit.toPx);
    const name = `${p.kinds[shape.kind]} ${shape.name}`;
    const arrow = shape.kind === "line" ? inArrow(px[0], px[1], shape.inSide, fit.isSmall ? SMALL_ARROW_PX : ARROW_PX) : null;
    const isEditable = isSelected && !isFixed;
    const spot = fit.isSmall && !isSelected ? SMALL_SPOT_PX : SPOT_PX;
    return html`<g key=${shape.key} class=${classes("drawn", `is-${shape.kind}`, isSelected && "is-selected", badKeys.has(shape.key) && "is-bad")}>
      <g data-key=${shape.key} role="button" tabindex="0" aria-pressed=${isSelected ? "true" : "false"} aria-label=${p.shapeLabel(name)}>
        ${shape.shape === "area" && html`<polygon class="drawn-area" points=${pointsText(px)} />`}
        ${shape.shape === "box" && html`<polygon class="drawn-area" points=${pointsText([px[0], [px[1][0], px[0][1]], px[1], [px[0][0], px[1][1]]])} />`}
        ${shape.shape === "line" &&
        html`<line class="drawn-reach" x1=${px[0][0]} y1=${px[0][1]} x2=${px[1][0]} y2=${px[1][1]} />
          <line class="drawn-line" x1=${px[0][0]} y1=${px[0][1]} x2=${px[1][0]} y2=${px[1][1]} />`}
        ${shape.shape === "point" && px.map(([x, y], i) => html`<rect class=${i ? "drawn-served" : "drawn-point"} x=${x - spot / 2} y=${y - spot / 2} width=${spot} height=${spot} rx=${i ? spot / 2 : spot / 4} />`)}
        ${isNamed && html`<text class="drawn-name" aria-hidden="true" ...${labelAt(px, fit)}>${shortName(shape.name)}</text>`}
      </g>
      ${arrow &&
      html`<g
        class="drawn-arrow"
        data-key=${shape.key}
        data-turn="1"
        role="button"
        tabindex=${isEditable ? "0" : "-1"}
        aria-label=${p.turnLabel(name, p.sides[shape.inSide])}
      >
        <circle class="drawn-reach" cx=${arrow.to[0]} cy=${arrow.to[1]} r="15" />
        <line x1=${arrow.from[0]} y1=${arrow.from[1]} x2=${arrow.to[0]} y2=${arrow.to[1]} />
        <path d=${arrowHead(arrow)} />
        <text aria-hidden="true" x=${arrow.to[0] + arrow.normal[0] * 12} y=${arrow.to[1] + arrow.normal[1] * 12 + 4} text-anchor="middle">${p.inWord}</text>
      </g>`}
      ${isEditable &&
      shape.shape === "area" &&
      px.map((at, i) => {
        const next = px[(i + 1) % px.length];
        return html`<circle key=${`add${i}`} class="drawn-add" data-key=${shape.key} data-insert=${i} cx=${(at[0] + next[0]) / 2} cy=${(at[1] + next[1]) / 2} r="5" />`;
      })}
      ${isEditable &&
      px.map(
        ([x, y], i) =>
          html`<g key=${i} data-key=${shape.key} data-point=${i} role="button" tabindex="0" class=${classes("drawn-handle", point === i && "is-held")} aria-label=${p.pointLabel(name, i + 1, this.#pointText(shape.points[i]))}>
            <circle class="drawn-reach" cx=${x} cy=${y} r="20" /><circle class="drawn-knob" cx=${x} cy=${y} r="7" />
          </g>`,
      )}
    </g>`;
  }

  #pairs(fit) {
    const { pairs, point, selected } = this.props;
    return pairs.points.map((at, i) => {
      const [x, y] = fit.toPx(at);
      return html`<g key=${`pair${i}`} data-key="pair" data-point=${i} role="button" tabindex="0" class=${classes("drawn-pair", pairs.suspect === i && "is-bad", selected === "pair" && point === i && "is-held")} aria-label=${p.pairLabel(i + 1, this.#pointText(at))}>
        <circle class="drawn-reach" cx=${x} cy=${y} r="20" /><circle class="drawn-knob" cx=${x} cy=${y} r="10" />
        <text aria-hidden="true" x=${x} y=${y + 4} text-anchor="middle">${i + 1}</text>
      </g>`;
    });
  }

  render({ label, shapes, selected, back, pairs }, { widthPx }) {
    if (!widthPx) return html`<div class="sheet" ref=${this.box}></div>`;
    const fit = this.#fit();
    // What is selected lies on top, so that its points can be reached.
    const ordered = [...shapes].sort((a, b) => (a.key === selected) - (b.key === selected));
    const mayBeNamed = ({ key, kind, shape }) => key === selected || (kind !== "slot" && shape !== "point" && !fit.isSmall);
    const named = namedKeys(shapes.filter(mayBeNamed), selected, fit);
    return html`<div class="sheet" ref=${this.box}>
      <svg
        width=${fit.fullPx[0]}
        height=${fit.fullPx[1]}
        viewBox=${`0 0 ${fit.fullPx[0]} ${fit.fullPx[1]}`}
        role="group"
        aria-label=${label}
        onPointerDown=${this.onPointerDown}
        onPointerMove=${this.onPointerMove}
        onPointerUp=${this.onPointerUp}
        onPointerCancel=${this.onPointerUp}
        onKeyDown=${this.onKeyDown}
        onClick=${this.onClick}
        onfocusin=${this.onFocus}
      >
        ${back(fit)} ${ordered.map((shape) => this.#drawn(shape, fit, named.has(shape.key)))} ${pairs && this.#pairs(fit)}
      </svg>
    </div>`;
  }
}

function arrowHead({ to, normal }) {
  const across = [-normal[1], normal[0]];
  const base = [to[0] - normal[0] * 9, to[1] - normal[1] * 9];
  const wing = (sign) => `${(base[0] + sign * across[0] * 5).toFixed(1)},${(base[1] + sign * across[1] * 5).toFixed(1)}`;
  return `M${to[0].toFixed(1)},${to[1].toFixed(1)} L${wing(1)} L${wing(-1)} Z`;
}
