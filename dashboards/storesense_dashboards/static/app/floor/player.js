// The player of a day: the slider with what happened along it, play and pause, speed, other days.
import { addDays, dayStartMs } from "../parts/period.js";
import { dayKey, numberText, timeText } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Component, html, Pure } from "../ui.js";
import { gapsOf, MINUTE_MS, quarterCounts } from "./past.js";

const r = await pageTexts("replay");

const SPEEDS = [1, 5, 15, 60]; // minutes of the day in a second
const MAX_GAPS = 4;
const STRIP_HEIGHT = 44;

/** What happened along the day, as a strip above the slider: people in as bars, gaps hatched, alerts as ticks. */
class Strip extends Pure {
  render({ day, entrances }) {
    const lengthMin = (day.toMs - day.fromMs) / MINUTE_MS;
    const counts = quarterCounts(day, entrances);
    const most = Math.max(1, ...counts.map(({ count }) => count ?? 0));
    const at = (ms) => Math.max(0, (ms - day.fromMs) / MINUTE_MS);
    return html`<svg class="strip" viewBox=${`0 0 ${lengthMin} ${STRIP_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <defs>
        <pattern id="strip-hatch" width="14" height="8" patternUnits="userSpaceOnUse" patternTransform="skewX(-45)">
          <rect class="strip-hatch" width="4" height="8" />
        </pattern>
      </defs>
      ${gapsOf(day).map(({ fromMs, toMs }) => html`<rect key=${fromMs} class="strip-gap" x=${at(fromMs)} y="0" width=${at(toMs) - at(fromMs)} height=${STRIP_HEIGHT} fill="url(#strip-hatch)" />`)}
      ${counts.map(({ minute, count }) => {
        const height = ((count ?? 0) / most) * (STRIP_HEIGHT - 12);
        return count ? html`<rect key=${minute} class="strip-bar" x=${minute + 1} y=${STRIP_HEIGHT - height} width="13" height=${height} />` : null;
      })}
      ${day.alerts
        .filter(({ openedMs }) => openedMs >= day.fromMs)
        .map(({ alert_id: id, openedMs, severity }) => html`<rect key=${id} class=${`strip-alert severity-${severity}`} x=${at(openedMs) - 2} y="0" width="5" height="9" />`)}
      <rect class="strip-ahead" x=${at(day.untilMs)} y="0" width=${Math.max(0, lengthMin - at(day.untilMs))} height=${STRIP_HEIGHT} />
    </svg>`;
  }
}

function Gaps({ day, zone }) {
  const gaps = gapsOf(day);
  if (day.hours.every(({ share }) => share === null)) return html`<p class="hint gaps">${r.noSensor}</p>`;
  if (!gaps.length) return html`<p class="hint gaps">${r.noGaps}</p>`;
  const text = ({ fromMs, toMs, share }) => {
    const span = `${timeText(fromMs, zone)}–${timeText(toMs, zone)}`;
    return share === 0 ? r.gapWhole(span) : r.gapPart(span, `${numberText(Math.floor(share * 100))} %`);
  };
  const more = gaps.length - MAX_GAPS;
  return html`<p class="hint gaps">${r.gaps} ${gaps.slice(0, MAX_GAPS).map(text).join(" · ")}${more > 0 ? ` · ${r.gapsMore(more)}` : ""}</p>`;
}

/** Props: day (prepared), layout, minute, nowMs, moment (what stands at its head), onMinute(minute), onDate(date, ms), onEnd(). */
export class Player extends Component {
  state = { isPlaying: false, speed: 5 };

  componentDidUpdate(previous) {
    if (previous.day !== this.props.day && this.state.isPlaying) this.#play(false);
  }

  componentWillUnmount() {
    cancelAnimationFrame(this.frame);
  }

  #play(isPlaying) {
    cancelAnimationFrame(this.frame);
    const { minute, day } = this.props;
    if (isPlaying) {
      // From its end a day begins anew.
      this.exact = minute >= day.minutes - 1 ? 0 : minute;
      if (this.exact === 0) this.props.onMinute(0);
      this.lastMs = performance.now();
      this.frame = requestAnimationFrame(this.onFrame);
    }
    this.setState({ ...this.state, isPlaying });
  }

  onFrame = (nowMs) => {
    const { day, minute, onMinute } = this.props;
    this.exact = Math.min(day.minutes - 1, this.exact + (Math.max(0, nowMs - this.lastMs) / 1000) * this.state.speed);
    this.lastMs = nowMs;
    const next = Math.floor(this.exact);
    if (next !== minute) onMinute(next);
    if (next >= day.minutes - 1) this.#play(false);
    else this.frame = requestAnimationFrame(this.onFrame);
  };

  onToggle = () => this.#play(!this.state.isPlaying);

  #jump(minute) {
    const bounded = Math.max(0, Math.min(this.props.day.minutes - 1, minute));
    this.exact = bounded;
    this.props.onMinute(bounded);
  }

  onInput = (event) => this.#jump(Number(event.target.value));

  onKeyDown = (event) => {
    const { minute, day } = this.props;
    const step = event.shiftKey ? 15 : 1;
    const next = {
      ArrowLeft: minute - step,
      ArrowDown: minute - step,
      ArrowRight: minute + step,
      ArrowUp: minute + step,
      PageUp: minute + 60,
      PageDown: minute - 60,
      Home: 0,
      End: day.minutes - 1,
    }[event.key];
    if (event.key === " ") this.onToggle();
    else if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    else this.#jump(next);
    event.preventDefault();
  };

  /** The same time of day on another date. */
  #toDate(date) {
    const { day, minute, layout, nowMs, onDate } = this.props;
    const zone = layout.time_zone;
    const startMs = date ? dayStartMs(date, zone) : null;
    if (startMs === null || date > dayKey(nowMs, zone)) return;
    const last = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
    onDate(date, Math.max(startMs, Math.min(startMs + Math.min(minute, day.minutes - 1) * MINUTE_MS, last)));
  }

  render({ day, layout, minute, nowMs, moment, onEnd }, { isPlaying, speed }) {
    const zone = layout.time_zone;
    const atMs = day.fromMs + minute * MINUTE_MS;
    const today = dayKey(nowMs, zone);
    const entrances = new Set(layout.lines.filter((line) => line.is_entrance).map((line) => line.id));
    const lengthMin = (day.toMs - day.fromMs) / MINUTE_MS;
    return html`<section class="card player" aria-label=${r.title}>
      <div class="player-head">
        ${moment}
        <div class="player-days">
          <button class="quiet icon-only" aria-label=${r.dayBefore} onClick=${() => this.#toDate(addDays(day.date, -1))}>‹</button>
          <label><span class="visually-hidden">${r.date}</span><input type="date" value=${day.date} max=${today} onChange=${(event) => this.#toDate(event.target.value)} /></label>
          <button class="quiet icon-only" aria-label=${r.dayAfter} aria-disabled=${day.date >= today ? "true" : undefined} onClick=${() => this.#toDate(addDays(day.date, 1))}>›</button>
        </div>
        <div class="player-buttons">
          <button class="primary" onClick=${this.onToggle}><${Icon} name=${isPlaying ? "pause" : "play"} />${isPlaying ? r.pause : r.play}</button>
          <label class="speed">
            <span>${r.speed}</span>
            <select value=${String(speed)} onChange=${(event) => this.setState({ ...this.state, speed: Number(event.target.value) })}>
              ${SPEEDS.map((each) => html`<option key=${each} value=${String(each)}>${r.speedOf(each)}</option>`)}
            </select>
          </label>
          <button class="quiet" onClick=${onEnd}>${r.backToNow}</button>
        </div>
      </div>
      <div class="player-track">
        <${Strip} day=${day} entrances=${entrances} />
        <input
          class="slider"
          type="range"
          min="0"
          max=${lengthMin - 1}
          step="1"
          value=${minute}
          aria-label=${r.slider}
          aria-valuetext=${timeText(atMs, zone)}
          onInput=${this.onInput}
          onKeyDown=${this.onKeyDown}
        />
        <ol class="hours" aria-hidden="true">
          ${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<li key=${share}>${timeText(day.fromMs + Math.round((share * lengthMin) / 60) * 60 * MINUTE_MS, zone)}</li>`)}
        </ol>
      </div>
      <${Gaps} day=${day} zone=${zone} />
      <p class="hint keys">${r.keys}</p>
    </section>`;
  }
}
