// A rule tried on the past: what it would have said as it is live, and as it is edited.
import { calls } from "../../alerts/calls.js";
import { dayTimeText, durationText, numberText, parseInstant } from "../../format.js";
import { pageTexts, t } from "../../i18n/index.js";
import { Problem } from "../../parts/notice.js";
import { Table } from "../../parts/table.js";
import { Component, html } from "../../ui.js";

const p = await pageTexts("alerts");
const DAY_MS = 86_400_000;
const SPANS = [1, 7, 30];

const percent = (share) => (share === null ? t.unknown : `${numberText(share * 100)} %`);
const lasting = (seconds) => (seconds === null ? t.unknown : durationText(seconds));

/** The figures of a replayed rule beside those of another. */
function rowsOf(found) {
  const of = (read) => found.map(({ rule }) => read(rule));
  const judged = (key, basis) => ({
    label: `${p.replay.precision}, ${basis}`,
    values: of((rule) => `${percent(rule[key].precision)} (${rule[key].right} / ${rule[key].right + rule[key].wrong})`),
  });
  return [
    { label: p.replay.firings, values: of((rule) => numberText(rule.firings)) },
    { label: p.replay.perDay, values: of((rule) => numberText(rule.firings_per_day, 1)) },
    { label: p.replay.median, values: of((rule) => lasting(rule.duration_s.median)) },
    { label: p.replay.longest, values: of((rule) => lasting(rule.duration_s.longest)) },
    judged("by_staff", p.replay.byStaff),
    judged("by_proof", p.replay.byProof),
  ];
}

/** Props: storeId, live (the rule as it stands; null for a new one), read() (the draft, or null if it cannot be read), nowMs, zone. */
export class Replay extends Component {
  state = { days: 7, isRunning: false, found: null, problem: null };

  run = async () => {
    const draft = this.props.read();
    if (!draft || this.state.isRunning) return;
    const { storeId, live, nowMs } = this.props;
    this.setState({ isRunning: true, problem: null });
    const span = [new Date(nowMs - this.state.days * DAY_MS).toISOString(), new Date(nowMs).toISOString()];
    const isChanged = live && JSON.stringify(live) !== JSON.stringify(draft);
    const asked = [...(isChanged ? [{ name: p.replay.now, rule: live }] : []), { name: isChanged || !live ? p.replay.draft : p.replay.now, rule: draft }];
    try {
      const found = [];
      for (const { name, rule } of asked) {
        const answer = await calls.replay(storeId, rule, ...span);
        found.push({ name, rule: answer.rules[0], answer });
      }
      this.setState({ isRunning: false, found });
    } catch (error) {
      this.setState({ isRunning: false, problem: error });
    }
  };

  #result() {
    const { found } = this.state;
    if (!found) return null;
    const last = found.at(-1);
    if (last.rule.not_replayed) return html`<p class="hint">${p.replay.notReplayed(last.rule.not_replayed)}</p>`;
    const { nowMs, zone } = this.props;
    const columns = [
      { id: "at", label: p.history.columns.opened, isHead: true, value: (row) => row.opened_at,
        cell: (row) => dayTimeText(parseInstant(row.opened_at) ?? nowMs, nowMs, zone) },
      { id: "subject", label: p.timeline.subject, value: (row) => row.subject_id },
      { id: "lasted", label: p.timeline.lasted, isNumber: true, value: (row) => row.lasted_s, cell: (row) => lasting(row.lasted_s) },
      { id: "staff", label: p.replay.byStaff, value: (row) => row.by_staff },
      { id: "proof", label: p.replay.byProof, value: (row) => row.by_proof },
    ];
    return html`<table class="compare">
        <thead><tr><td></td>${found.map(({ name }) => html`<th key=${name} scope="col">${name}</th>`)}</tr></thead>
        <tbody>
          ${rowsOf(found).map(({ label, values }) => html`<tr key=${label}><th scope="row">${label}</th>${values.map((value, at) => html`<td key=${at}>${value}</td>`)}</tr>`)}
        </tbody>
      </table>
      <p class="hint">${p.replay.readings(numberText(last.answer.readings))}</p>
      ${last.answer.firings.length === 0
        ? html`<p>${p.replay.none}</p>`
        : html`<details class="folded"><summary>${p.replay.firingsTitle}</summary>
            <${Table} title=${p.replay.firingsTitle} rows=${last.answer.firings} keyOf=${(row) => `${row.subject_id} ${row.opened_at}`} columns=${columns} />
            ${last.answer.firings_left_off > 0 && html`<p class="hint">${p.replay.leftOff(last.answer.firings_left_off)}</p>`}
          </details>`}`;
  }

  render(_props, { days, isRunning, problem }) {
    return html`<section class="replay" aria-busy=${isRunning ? "true" : undefined}>
      <h3>${p.replay.title}</h3>
      <div class="filters">
        <label class="filter"><span>${p.replay.span}</span>
          <select value=${String(days)} onChange=${(event) => this.setState({ days: Number(event.target.value) })}>
            ${SPANS.map((n) => html`<option key=${n} value=${String(n)}>${p.replay.spans[n]}</option>`)}
          </select></label>
        <button type="button" class="plain" aria-disabled=${isRunning ? "true" : undefined} onClick=${this.run}>
          ${isRunning ? p.replay.running : p.replay.run}
        </button>
      </div>
      <div aria-live="polite">${problem ? html`<${Problem} message=${problem.message} isSmall=${true} />` : this.#result()}</div>
    </section>`;
  }
}
