// The floor plan: heat on a canvas, and above it walls and places as SVG that pointer, touch and keyboard can reach.
import { t } from "../i18n/index.js";
import { isDark, onThemeChange } from "../theme.js";
import { classes, createRef, html, prefersReducedMotion, Pure } from "../ui.js";
import { summaryText } from "./describe.js";
import { fitFloor, neighbour, pointsText } from "./geometry.js";
import { drawHeat } from "./heat.js";
import { markOf } from "./marks.js";
import { placedDevices, placedItems } from "./places.js";

const DIRECTIONS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const MAX_HEIGHT_PX = 620;
const ENLARGED_PX = 820;
const NO_DEVICES = Object.freeze([]);

/**
 * Props: layout, live, atMs, item (selected), needing (set of "kind:id"), heatGrid (or null), isEnlarged (a small screen
 * shows a part, to be moved by a finger), isFitted (no higher than what it stands in), onSelect(item or null), devices (as the
 * API tells them) with onDevice(id).
 */
export class FloorPlan extends Pure {
  box = createRef();
  scroller = createRef();
  canvas = createRef();
  state = { widthPx: 0, heightPx: 0, hover: null, focus: null };
  #drawn = {};
  #laid = {};

  componentDidMount() {
    this.observer = new ResizeObserver(([entry]) => {
      const widthPx = Math.floor(entry.contentRect.width);
      const heightPx = this.props.isFitted ? Math.floor(entry.contentRect.height) : MAX_HEIGHT_PX;
      if (widthPx !== this.state.widthPx || heightPx !== this.state.heightPx) this.setState({ widthPx, heightPx });
    });
    this.observer.observe(this.box.current);
    this.endTheme = onThemeChange(this.onScheme);
    this.#heat();
  }

  componentDidUpdate(previous) {
    this.#heat();
    const { item, isEnlarged } = this.props;
    if (isEnlarged && (item !== previous.item || !previous.isEnlarged)) this.#bringIntoView(item);
  }

  /** Move the enlarged plan so that a place is in its middle; without one, stay. */
  #bringIntoView(item) {
    const place = item && this.#laid.places?.find(({ key }) => key === `${item.kind}:${item.id}`);
    const box = this.scroller.current;
    if (!place || !box) return;
    const left = place.at[0] - box.clientWidth / 2;
    box.scrollTo({ left, behavior: prefersReducedMotion() ? "auto" : "smooth" });
  }

  componentWillUnmount() {
    this.observer.disconnect();
    this.endTheme();
  }

  onScheme = () => {
    this.#drawn = {};
    this.#heat();
  };

  #heat() {
    const { fit } = this.#laid;
    const { heatGrid } = this.props;
    if (!fit || !this.canvas.current || (this.#drawn.fit === fit && this.#drawn.heatGrid === heatGrid)) return;
    this.#drawn = { fit, heatGrid };
    drawHeat(this.canvas.current, heatGrid, fit, isDark());
  }

  /** The fitted plan and its places; laid out anew only when the layout or the width changes. */
  #layOut() {
    const { layout, isEnlarged } = this.props;
    const widthPx = isEnlarged ? Math.max(ENLARGED_PX, this.state.widthPx) : this.state.widthPx;
    const { heightPx } = this.state;
    const { devices = NO_DEVICES } = this.props;
    const key = { layout, widthPx, heightPx, devices };
    if (Object.keys(key).some((name) => this.#laid[name] !== key[name])) {
      const fit = fitFloor(layout.floor.size_m, widthPx, heightPx);
      this.#laid = { ...key, fit, places: this.#inOrder(placedItems(layout, fit), placedDevices(layout, devices, fit)) };
      const tills = this.#laid.places.filter((place) => place.kind === "lane").map((place) => place.at);
      this.#laid.laneLabelWidth = closestPx(tills);
    }
    return this.#laid;
  }

  /** Devices lie above areas, that they can be reached, and under everything small, that they hide none of it. */
  #inOrder(places, devices) {
    const isArea = ({ kind }) => kind === "zone" || kind === "queue";
    return [...places.filter(isArea), ...devices, ...places.filter((place) => !isArea(place))];
  }

  #find(event) {
    const key = event.target.closest?.("[data-key]")?.dataset.key;
    return key ? this.#laid.places.find((place) => place.key === key) : null;
  }

  #select(place) {
    const { item, onSelect, onDevice } = this.props;
    if (place?.kind === "device") return onDevice?.(place.id);
    const isSelected = item && place && item.kind === place.kind && item.id === place.id;
    return onSelect(!place || isSelected ? null : { kind: place.kind, id: place.id });
  }

  onClick = (event) => {
    const place = this.#find(event);
    if (place) this.#select(place);
  };

  onPointer = (event) => {
    if (event.pointerType === "touch") return;
    const hover = event.type === "pointerleave" ? null : (this.#find(event)?.key ?? null);
    if (hover !== this.state.hover) this.setState({ hover });
  };

  onFocus = (event) => this.setState({ focus: this.#find(event)?.key ?? null, focused: true });
  onBlur = () => this.setState({ focused: false });

  onKeyDown = (event) => {
    const place = this.#find(event);
    if (!place) return;
    if (event.key === "Enter" || event.key === " ") this.#select(place);
    else if (event.key === "Escape") this.props.onSelect(null);
    else if (DIRECTIONS[event.key]) this.#focus(neighbour(this.#laid.places, place, DIRECTIONS[event.key]));
    else if (event.key === "Home") this.#focus(this.#laid.places[0]);
    else if (event.key === "End") this.#focus(this.#laid.places.at(-1));
    else return;
    event.preventDefault();
  };

  #focus(place) {
    if (!place) return;
    this.setState({ hover: null }); // a resting pointer does not hold the tooltip against the keyboard
    this.box.current.querySelector(`[data-key="${CSS.escape(place.key)}"]`)?.focus();
  }

  render({ layout, live, atMs, item, needing }, { widthPx, hover, focus, focused }) {
    if (!widthPx) return html`<div class="plan" ref=${this.box}></div>`;
    const { fit, places, laneLabelWidth } = this.#layOut();
    const selected = item && `${item.kind}:${item.id}`;
    const tabStop = [focus, selected].find((key) => places.some((place) => place.key === key)) ?? places[0]?.key;
    const tip = places.find((place) => place.key === (hover ?? (focused ? focus : null)));
    const labels = [];
    const mark = (place) => {
      const { state, content, label } = markOf(place, { live, atMs, laneLabelWidth, fit });
      if (place.key === selected && !place.points)
        labels.push(html`<circle key="ring" class="ring" cx=${place.at[0]} cy=${place.at[1]} r=${fit.isSmall ? 14 : 19} />`);
      if (label) labels.push(html`<g key=${place.key}>${label}</g>`);
      const { name, kind, value } = summaryText(layout, live, place, atMs, layout.time_zone);
      return html`<g
        key=${place.key}
        data-key=${place.key}
        class=${classes("place", place.kind, `is-${state}`, needing.has(place.key) && "needs-action", place.key === selected && "is-selected")}
        role="button"
        tabindex=${place.key === tabStop ? "0" : "-1"}
        aria-pressed=${place.kind === "device" ? undefined : place.key === selected ? "true" : "false"}
        aria-label=${`${kind} ${name}: ${value}`}
        >${content}</g
      >`;
    };
    return html`<div class=${classes("plan", this.props.heatGrid && "has-heat")} ref=${this.box}>
      <div class="plan-scroller" ref=${this.scroller}><div class="plan-sheet" style=${{ width: `${fit.widthPx}px` }}>
      <canvas class="plan-heat" ref=${this.canvas} aria-hidden="true"></canvas>
      <svg
        class="plan-drawing"
        width=${fit.widthPx}
        height=${fit.heightPx}
        viewBox=${`0 0 ${fit.widthPx} ${fit.heightPx}`}
        role="group"
        aria-label=${t.floor.planLabel(layout.name)}
        aria-describedby="plan-help"
        onClick=${this.onClick}
        onPointerMove=${this.onPointer}
        onPointerLeave=${this.onPointer}
        onKeyDown=${this.onKeyDown}
        onfocusin=${this.onFocus}
        onfocusout=${this.onBlur}
      >
        <${Walls} layout=${layout} fit=${fit} />
        ${places.map(mark)}
        <g class="labels" aria-hidden="true">${labels}</g>
      </svg>
      ${tip && html`<${Tip} place=${tip} fit=${fit} text=${summaryText(layout, live, tip, atMs, layout.time_zone)} />`}
      </div></div>
    </div>`;
  }
}

class Walls extends Pure {
  render({ layout, fit }) {
    const [width, height] = layout.floor.size_m;
    const corners = [
      [0, 0],
      [width, 0],
      [width, height],
      [0, height],
    ].map(fit.toPx);
    return html`<g aria-hidden="true">
      <polygon class=${classes("floor-area", layout.floor.walls.length > 0 && "has-walls")} points=${pointsText(corners)} />
      ${layout.floor.walls.map((wall, i) => html`<polyline key=${i} class="wall" points=${pointsText(wall.map(fit.toPx))} />`)}
    </g>`;
  }
}

function Tip({ place, fit, text }) {
  const [x, y] = place.at;
  const toLeft = x > fit.widthPx / 2;
  const below = y < 70;
  const style = {
    left: `${toLeft ? x - 14 : x + 14}px`,
    top: `${below ? y + 14 : y - 14}px`,
    transform: `translate(${toLeft ? "-100%" : "0"}, ${below ? "0" : "-100%"})`,
  };
  return html`<div class="tip" aria-hidden="true" style=${style}>
    <span class="tip-kind">${text.kind}</span>
    <strong>${text.name}</strong>
    <span class=${text.isGap ? "gap-text" : ""}>${text.value}</span>
  </div>`;
}

function closestPx(points) {
  let closest = 90;
  for (let i = 0; i < points.length; i += 1)
    for (let j = 0; j < i; j += 1)
      closest = Math.min(closest, Math.hypot(points[i][0] - points[j][0], points[i][1] - points[j][1]));
  return closest - 6;
}
