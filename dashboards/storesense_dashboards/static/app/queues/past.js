// Charts over a period: lanes open and needed, waits foretold and met, service level, arrivals foretold and come.
import { durationText, numberText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card, Empty } from "../parts/card.js";
import { Chart } from "../parts/chart.js";
import { html, Pure } from "../ui.js";
import { bandScore, enoughShare, foretoldWaits, hasAny, hourSeries, laneSeries, metWaits } from "./series.js";

const p = await pageTexts("queues");

const percent = (share) => `${numberText(share * 100)} %`;
const lanesText = (value) => numberText(value, Number.isInteger(value) ? 0 : 1);
const peopleText = (value) => numberText(value, value < 10 && !Number.isInteger(value) ? 1 : 0);
const minutesAxis = (max) => Math.max(2, Math.ceil(max * 1.1));
const inMinutes = (values) => values.map((seconds) => (seconds === null ? null : seconds / 60));
const minutesText = (minutes) => durationText(minutes * 60);
const countAxis = (max) => Math.max(4, Math.ceil(max * 1.1));
const lanesAxis = (max) => Math.max(3, Math.ceil(max + 0.5));

/** Props: entries, each `[swatch, text]`. */
function Key({ entries }) {
  return html`<ul class="legend">
    ${entries.map(([name, text]) => html`<li key=${name}><span class=${`swatch ${name}`} aria-hidden="true"></span>${text}</li>`)}
  </ul>`;
}

/** Lists that a chart is drawn from are made once for each answer, so that it is not drawn anew without need. */
class Drawn extends Pure {
  made(what, make) {
    if (this.what !== what) {
      this.what = what;
      this.drawn = make();
    }
    return this.drawn;
  }
}

const empty = (text) => html`<${Empty} icon="chart" title=${text.title} help=${text.help} />`;

/** Props: past (as the API tells it), zone, name (of the store). */
export class Lanes extends Drawn {
  render({ past, zone, name }) {
    const { xs, series, share, isKnown } = this.made(past, () => {
      const { xs: starts, open, now, in15, in30 } = laneSeries(past);
      const one = (label, colour, values, width) => ({ label, kind: "steps", colour, values, width, text: lanesText });
      return {
        xs: starts,
        isKnown: hasAny(open) || hasAny(now),
        share: enoughShare(past),
        series: [
          one(p.chart.in30, "--border-strong", in30, 1.5),
          one(p.chart.in15, "--series-out", in15, 1.5),
          one(p.chart.needed, "--warn-solid", now, 2),
          one(p.chart.open, "--series-in", open, 3),
        ],
      };
    });
    const summary = share === null ? p.chart.noShare : p.chart.enough(percent(share));
    return html`<${Card} id="lanes" icon="chart" title=${p.chart.lanes}
      aside=${isKnown && html`<${Key} entries=${[["is-open", p.chart.open], ["is-needed", p.chart.needed], ["is-15", p.chart.in15], ["is-30", p.chart.in30], ["gap-hatch", t.parts.noData]]} />`}>
      ${isKnown
        ? html`<${Chart} title=${`${name} ${p.chart.lanes}`} xs=${xs} series=${series} stepS=${past.step_s} zone=${zone} label=${summary} maxOf=${lanesAxis} heightPx=${220} />`
        : empty(past.lanes_total ? p.chart.noLanes : p.unknown.noTills)}
    <//>`;
  }
}

/** Props: past, zone, name. */
export class Waits extends Drawn {
  render({ past, zone, name }) {
    const { xs, series, isKnown } = this.made(past, () => {
      const { xs: starts, following, unchanged } = foretoldWaits(past);
      const met = metWaits(past, starts);
      return {
        xs: starts,
        isKnown: hasAny(following) || hasAny(met),
        series: [
          { label: p.chart.unchanged, kind: "steps", colour: "--urgent-solid", values: inMinutes(unchanged), width: 1.5, text: minutesText },
          { label: p.chart.following, kind: "steps", colour: "--series-in", values: inMinutes(following), text: minutesText },
          { label: p.chart.met, kind: "steps", colour: "--text", values: inMinutes(met), text: minutesText },
        ],
      };
    });
    const lead = p.chart.waitsLead(durationText(past.wait_target_s));
    return html`<${Card} id="wait-chart" icon="chart" title=${p.chart.waits}
      aside=${isKnown && html`<${Key} entries=${[["is-met", p.chart.met], ["is-open", p.chart.following], ["is-unchanged", p.chart.unchanged]]} />`}>
      ${isKnown
        ? html`<${Chart} title=${`${name} ${p.chart.waits}`} xs=${xs} series=${series} stepS=${past.step_s} zone=${zone} label=${lead} target=${past.wait_target_s / 60} maxOf=${minutesAxis} />`
        : empty(p.chart.noWaits)}
    <//>`;
  }
}

/** Props: past, zone, name, kpi (served within target over the period), target (a share, or null). */
export class Level extends Drawn {
  render({ past, zone, name, kpi, target }) {
    const { xs, series, isKnown } = this.made(past, () => ({
      xs: past.levels.map((level) => Date.parse(level.at) / 1000),
      isKnown: past.levels.some((level) => level.served !== null),
      series: [
        {
          label: p.chart.within(durationText(past.wait_target_s)),
          kind: "bars",
          colour: "--series-in",
          // Nobody was served in a step that was measured: no share, and no gap either.
          values: past.levels.map((level) => (level.within_target === null ? (level.served === null ? null : 0) : level.within_target * 100)),
          text: (value) => `${numberText(value)} %`,
        },
      ],
    }));
    const value = kpi?.value ?? null;
    const lead = value === null ? p.chart.noneServed : p.chart.levelLead(percent(value), durationText(past.wait_target_s));
    return html`<${Card} id="level" icon="check" title=${p.chart.level}>
      ${isKnown
        ? html`<${Chart}
              title=${`${name} ${p.chart.level}`}
              xs=${xs}
              series=${series}
              stepS=${past.level_step_s}
              zone=${zone}
              label=${lead}
              target=${target === null ? null : target * 100}
              maxOf=${() => 100}
              pointText=${(index) => this.pointText(index)}
            />`
        : empty(p.chart.noLevel)}
    <//>`;
  }

  pointText(index) {
    const { past, zone } = this.props;
    const level = past.levels[index];
    const at = new Intl.DateTimeFormat(t.locale, { timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(Date.parse(level.at));
    if (level.served === null) return t.parts.point(at, t.parts.noData);
    if (!level.served) return t.parts.point(at, p.chart.noneServed);
    return t.parts.point(at, p.chart.levelPoint(percent(level.within_target), level.served, durationText(level.wait_mean_s)));
  }
}

/** Visitors by the hour, foretold the day before. Props: forecast (as the API tells it, null while it is not asked), zone, name. */
export class Arrivals extends Drawn {
  render({ forecast, zone, name }) {
    const { hours, series, score } = this.made(forecast, () => {
      const found = hourSeries(forecast?.days ?? []);
      return {
        hours: found,
        score: bandScore(found),
        series: [
          { label: p.chart.band, kind: "band", colour: "--accent-soft", low: found.low, high: found.high, text: peopleText },
          { label: p.chart.median, kind: "steps", colour: "--series-in", values: found.median, text: peopleText },
          { label: p.chart.came, kind: "steps", colour: "--text", values: found.measured, text: peopleText },
        ],
      };
    });
    const holidays = (forecast?.days ?? []).filter((day) => day.holiday).map((day) => day.holiday);
    const lead = score.measured ? p.chart.arrivalsLead(score.inside, score.measured) : p.chart.arrivalsAhead;
    const isKnown = hours.xs.length > 0;
    return html`<${Card} id="arrivals" icon="people" title=${p.chart.arrivals}
      aside=${isKnown && html`<${Key} entries=${[["is-band", p.chart.band], ["is-open", p.chart.median], ["is-met", p.chart.came]]} />`}>
      ${isKnown
        ? html`${holidays.length > 0 && html`<p class="card-lead">${p.chart.holiday(holidays.join(", "))}</p>`}
            <${Chart} title=${`${name} ${p.chart.arrivals}`} xs=${hours.xs} series=${series} stepS=${3600} zone=${zone} label=${lead} maxOf=${countAxis} />`
        : empty(p.chart.noForecast)}
    <//>`;
  }
}

/** People who join a queue within 15 minutes, as told at each minute. Props: past, zone, name. */
export class Joins extends Drawn {
  render({ past, zone, name }) {
    const { xs, series, score } = this.made(past, () => {
      const of = (key) => past.steps.map((step) => step[key]);
      const [low, high, measured] = [of("arrivals_15_low"), of("arrivals_15_high"), of("joined_15")];
      const judged = measured.map((value, index) => (low[index] === null ? null : value));
      return {
        xs: past.steps.map((step) => Date.parse(step.at) / 1000),
        score: bandScore({ low, high, measured: judged }),
        series: [
          { label: p.chart.band, kind: "band", colour: "--accent-soft", low, high, text: peopleText },
          { label: p.chart.told, kind: "steps", colour: "--series-in", values: of("arrivals_15"), text: peopleText },
          { label: p.chart.joined, kind: "steps", colour: "--text", values: measured, text: peopleText },
        ],
      };
    });
    if (!past.steps.some((step) => step.arrivals_15 !== null)) return null;
    const lead = score.measured ? p.chart.joinsLead(percent(score.inside / score.measured)) : p.chart.joinsAhead;
    return html`<${Card} id="joins" icon="queue" title=${p.chart.joins}
      aside=${html`<${Key} entries=${[["is-band", p.chart.band], ["is-open", p.chart.told], ["is-met", p.chart.joined]]} />`}>
      <${Chart} title=${`${name} ${p.chart.joins}`} xs=${xs} series=${series} stepS=${past.step_s} zone=${zone} label=${lead} maxOf=${countAxis} />
    <//>`;
  }
}
