// What was asked of devices and what became of it; the form that asks. Pure functions above, what is drawn below.
import { ApiError } from "../api.js";
import { agoText, dayTimeText, durationText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card } from "../parts/card.js";
import { Dialog } from "../parts/dialog.js";
import { loadStyle } from "../parts/style.js";
import { Table } from "../parts/table.js";
import { classes, Component, html } from "../ui.js";
import { DeviceWords } from "./words.js";

const [p] = await Promise.all([pageTexts("devices"), loadStyle("devices")]);

const ASKING = new Set(["manager", "admin"]);
const DISRUPTIVE = new Set(["restart_agent", "zero_slot", "learn_view"]);
const LEVELS = ["debug", "info", "warning"];
const LOG_S = [600, 1800, 3600];
const MAX_LETTERS = 200;
const STEP = 10; // of the history
const ORDER = ["waiting", "sent", "taken"];
const form = "command-question";

/** Who may ask something of a device. */
export const mayAsk = (role) => ASKING.has(role);

const rank = (state) => (ORDER.includes(state) ? ORDER.indexOf(state) : ORDER.length);

/** Where a command stands now: what nobody took in time is over, also before anybody says so. */
export const stateOf = (command, nowMs) =>
  rank(command.state) < 2 && Date.parse(command.expires_at) <= nowMs ? "expired" : command.state;

/** One list of several, the newest first: of two words on one command the one that is further on. */
export function mergedCommands(...lists) {
  const known = new Map();
  for (const command of lists.flat()) {
    const other = known.get(command.command_id);
    if (!other || rank(command.state) >= rank(other.state)) known.set(command.command_id, command);
  }
  return [...known.values()].sort((a, b) => b.issued_at.localeCompare(a.issued_at));
}

/** What the stream tells of commands lately, of all devices. */
export const recentCommands = (live) => Object.values(live).flatMap((device) => device.recent_commands ?? []);

const slotName = (layout, slotId) => layout.slots.find((slot) => slot.id === slotId)?.name ?? slotId;

/** A command in words: what, and about which slot or for how long. */
function whatText({ kind, arguments: given }, layout) {
  const what = p.commands.kinds[kind] ?? kind;
  if (given.slot_id) return `${what}: ${slotName(layout, given.slot_id)}`;
  if (given.level) return `${what}: ${p.commands.levels[given.level] ?? given.level}, ${durationText(given.for_s)}`;
  return what;
}

function StateCell({ command, nowMs }) {
  const state = stateOf(command, nowMs);
  const isBad = ["failed", "refused", "expired"].includes(state);
  return html`<div class="command-state" data-state=${state}>
    <span class=${classes(isBad && "is-bad")}>${p.commands.states[state]}</span>
    ${command.detail && html`<span class="hint"><${DeviceWords} text=${command.detail} /></span>`}
  </div>`;
}

/** Props: commands, layout, nowMs, zone. */
export function Commands({ commands, layout, nowMs, zone }) {
  return html`<${Card} id="commands" icon="setup" title=${p.commands.title}>
    <p class="card-lead">${p.commands.lead}</p>
    <${Table}
      title=${p.commands.title}
      rows=${commands}
      keyOf=${(command) => command.command_id}
      sortedBy="-asked"
      step=${STEP}
      columns=${[
        { id: "what", label: p.commands.what, isHead: true, value: (c) => whatText(c, layout) },
        { id: "device", label: p.columns.device, value: (c) => c.device_id },
        { id: "asked", label: p.commands.asked, isBrief: true, value: (c) => c.issued_at, cell: (c) => dayTimeText(Date.parse(c.issued_at), nowMs, zone) },
        { id: "state", label: p.columns.state, isBrief: true, value: (c) => p.commands.states[stateOf(c, nowMs)], cell: (c) => html`<${StateCell} command=${c} nowMs=${nowMs} />` },
        { id: "by", label: p.commands.by, value: (c) => c.issued_by },
        { id: "why", label: p.commands.why, value: (c) => c.reason },
        { id: "over", label: p.commands.over, value: (c) => c.over_at, cell: (c) => (c.over_at ? agoText(Date.parse(c.over_at), nowMs) : t.unknown) },
      ]}
      empty=${html`<p class="hint">${p.commands.none}</p>`}
    />
  <//>`;
}

/** Asks for one command. Props: device, layout, onClose(), onSend(body), a promise. */
export class AskDialog extends Component {
  constructor(props) {
    super(props);
    const kinds = props.device.commands.filter((kind) => p.commands.kinds[kind]);
    this.kinds = kinds;
    this.slots = props.device.measures.filter(({ stream }) => stream === "shelf").map((each) => each.subject_id);
    this.state = { kind: kinds[0], slot: this.slots[0] ?? "", level: "debug", forS: String(LOG_S[0]), reason: "", problem: null, isPending: false };
  }

  #change = (name) => (event) => this.setState({ ...this.state, problem: null, [name]: event.target.value });

  #arguments() {
    const { kind, slot, level, forS } = this.state;
    if (kind === "zero_slot") return { slot_id: slot };
    return kind === "set_log_level" ? { level, for_s: Number(forS) } : {};
  }

  onSubmit = async (event) => {
    event.preventDefault();
    const { kind, isPending } = this.state;
    const reason = this.state.reason.trim();
    if (isPending) return;
    if (DISRUPTIVE.has(kind) && !reason) {
      this.setState({ ...this.state, problem: p.commands.needsReason });
      return;
    }
    this.setState({ ...this.state, problem: null, isPending: true });
    try {
      await this.props.onSend({ kind, arguments: this.#arguments(), reason: reason || null });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.setState({ ...this.state, problem: p.commands.errors[error.code] ?? error.message, isPending: false });
    }
  };

  render({ device, layout, onClose }, { kind, slot, level, forS, reason, problem, isPending }) {
    const isDisruptive = DISRUPTIVE.has(kind);
    const actions = html`<button type="button" class="quiet" onClick=${onClose}>${t.parts.cancel}</button>
      <button type="submit" form=${form} class="primary" aria-disabled=${isPending ? "true" : undefined}>
        ${isPending ? p.commands.sending : isDisruptive ? p.commands.confirm : p.commands.send}
      </button>`;
    return html`<${Dialog} title=${p.commands.ask(device.device_id)} onClose=${onClose} actions=${actions}>
      <form id=${form} class="command-form" onSubmit=${this.onSubmit} novalidate>
        ${device.state !== "online" && html`<p class="hint">${p.commands.offline}</p>`}
        <fieldset>
          <legend>${p.commands.what}</legend>
          ${this.kinds.map(
            (name) => html`<label key=${name} class="command-kind">
              <input type="radio" name="kind" value=${name} checked=${kind === name} onChange=${this.#change("kind")} />
              <span>${p.commands.kinds[name]}<span class="hint">${p.commands.help[name]}</span></span>
            </label>`,
          )}
        </fieldset>
        ${kind === "zero_slot" &&
        html`<label>${p.commands.slot}<select value=${slot} onChange=${this.#change("slot")}>
          ${this.slots.map((slotId) => html`<option key=${slotId} value=${slotId} selected=${slotId === slot}>${slotName(layout, slotId)}</option>`)}
        </select></label>`}
        ${kind === "set_log_level" &&
        html`<label>${p.commands.level}<select value=${level} onChange=${this.#change("level")}>
            ${LEVELS.map((name) => html`<option key=${name} value=${name} selected=${name === level}>${p.commands.levels[name]}</option>`)}
          </select></label>
          <label>${p.commands.forS}<select value=${forS} onChange=${this.#change("forS")}>
            ${LOG_S.map((s) => html`<option key=${s} value=${s} selected=${String(s) === forS}>${durationText(s)}</option>`)}
          </select></label>`}
        <label>${isDisruptive ? p.commands.reasonNeeded : p.commands.reason}
          <input maxlength=${MAX_LETTERS} value=${reason} onInput=${this.#change("reason")} aria-required=${isDisruptive ? "true" : undefined} />
        </label>
        <div role="alert">${problem && html`<p class="problem">${problem}</p>`}</div>
      </form>
    <//>`;
  }
}
