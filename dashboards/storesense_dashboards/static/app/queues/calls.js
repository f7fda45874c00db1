// What was advised and what was done: each call for lanes, with the waits before and after.
import { dayTimeText, durationText, parseInstant } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Card, Empty } from "../parts/card.js";
import { Table } from "../parts/table.js";
import { html, Pure } from "../ui.js";

const p = await pageTexts("queues");

const ICONS = { followed: "check", partly: "check", passed: "close", standing: "warning", unknown: "note" };
const between = (from, to) => durationText(Math.max(0, (parseInstant(to) - parseInstant(from)) / 1000));
const waitOf = (seconds) => (seconds === null ? t.unknown : durationText(seconds));

/** What was done, in words: which lanes moved and how soon, or that none did. */
export function doneText(call, laneName) {
  if (call.outcome === "standing") return call.done_at ? p.calls.begun(call.lanes_after) : p.calls.standing;
  if (!call.done_at) return call.outcome === "unknown" ? p.calls.unknown : p.calls.passed(between(call.advised_at, call.ended_at));
  const names = call.moves.map((move) => laneName(move.lane_id)).join(", ");
  const after = between(call.advised_at, call.done_at);
  const text = call.is_for_more ? p.calls.opened(names, after) : p.calls.closed(names, after);
  return call.outcome === "partly" ? p.calls.partly(text) : text;
}

const adviceText = (call) => {
  const n = Math.abs(call.lanes_advised - call.lanes_open);
  return p.calls.asked(call.is_for_more ? p.calls.open(n) : p.calls.close(n), call.lanes_open, call.lanes_advised);
};

/** Props: past (as the API tells it), layout, nowMs, zone. */
export class Calls extends Pure {
  columns() {
    const { layout, nowMs, zone } = this.props;
    const laneName = (id) => layout.lanes.find((lane) => lane.id === id)?.name ?? id;
    const c = p.calls.columns;
    return [
      { id: "at", label: c.at, value: (call) => call.advised_at, cell: (call) => dayTimeText(parseInstant(call.advised_at), nowMs, zone) },
      { id: "advice", label: c.advice, isHead: true, value: adviceText },
      {
        id: "done",
        label: c.done,
        value: (call) => doneText(call, laneName),
        cell: (call) => html`<span class=${`call-done is-${call.outcome}`}><${Icon} name=${ICONS[call.outcome]} size=${18} />${doneText(call, laneName)}</span>`,
      },
      { id: "before", label: c.before, isNumber: true, value: (call) => call.wait_before_s, cell: (call) => waitOf(call.wait_before_s) },
      { id: "after", label: c.after, isNumber: true, value: (call) => call.wait_after_s, cell: (call) => waitOf(call.wait_after_s) },
      { id: "foretold", label: c.foretold, isNumber: true, value: (call) => call.wait_s, cell: (call) => waitOf(call.wait_s) },
      { id: "without", label: c.without, isNumber: true, value: (call) => call.wait_unchanged_s, cell: (call) => waitOf(call.wait_unchanged_s) },
    ];
  }

  render({ past, layout }) {
    const { calls, calls_ended: ended, calls_followed: followed } = past;
    return html`<${Card} id="calls" icon="replay" title=${p.calls.title}>
      ${calls.length > 0 && html`<p class="card-lead">${ended ? p.calls.lead(followed, ended) : p.calls.noneEnded} ${p.calls.help}</p>`}
      <${Table}
        title=${`${layout.name} ${p.calls.title}`}
        rows=${calls}
        keyOf=${(call) => call.advised_at}
        columns=${this.columns()}
        sortedBy="-at"
        empty=${html`<${Empty} icon="check" title=${p.calls.none} help=${p.calls.noneHelp} />`}
      />
    <//>`;
  }
}
