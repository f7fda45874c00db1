// Queues and devices as lists beside the plan.
import { freshness, laneState } from "../figures.js";
import { dayTimeText, durationText, numberText, parseInstant } from "../format.js";
import { gapText } from "../floor/describe.js";
import { t } from "../i18n/index.js";
import { classes, html, Pure } from "../ui.js";
import { Card, Empty } from "../parts/card.js";

function QueueRow({ queue, layout, live, atMs, needs, selected, onShow }) {
  const reading = live.queues[queue.id];
  const fresh = freshness("queues", reading, atMs);
  const gap = gapText(fresh, atMs, layout.time_zone);
  const open = queue.lanes.filter((id) => ["open", "unstaffed"].includes(laneState(live.lanes[id], atMs).state)).length;
  return html`<li>
    <button
      class=${classes("row", needs && "needs-action", selected && "is-selected", gap && "is-gap")}
      aria-pressed=${selected ? "true" : "false"}
      onClick=${() => onShow({ kind: "queue", id: queue.id })}
    >
      <span class="row-value">${gap ? t.unknown : numberText(reading.length)}</span>
      <span class="row-main">
        <span class="row-name">${queue.name}</span>
        <span class=${classes("row-note", gap && "gap-text")}>
          ${gap ?? (reading.length ? t.queues.waits(durationText(reading.longest_wait_s)) : t.queues.nobody)}
        </span>
      </span>
      ${queue.lanes.length > 0 && html`<span class="row-side">${t.queues.lanesOpen(open, queue.lanes.length)}</span>`}
    </button>
  </li>`;
}

const isSelected = (selected, kind, id) => Boolean(selected && selected.kind === kind && selected.id === id);

/** Props: layout, live, atMs, needing, selected, onShow(item), foot (what stands under the queues). */
export class Queues extends Pure {
  render({ layout, live, atMs, needing, selected, onShow, foot }) {
    return html`<${Card} id="queues" icon="queue" title=${t.queues.title}>
      ${layout.queues.length === 0 && html`<${Empty} icon="queue" title=${t.queues.none} help=${t.queues.noneHelp} />`}
      <ul class="rows">
        ${layout.queues.map(
          (queue) =>
            html`<${QueueRow}
              key=${queue.id}
              ...${{ queue, layout, live, atMs, onShow }}
              needs=${needing.has(`queue:${queue.id}`)}
              selected=${isSelected(selected, "queue", queue.id)}
            />`,
        )}
      </ul>
      ${foot}
    <//>`;
  }
}

function DeviceRow({ device, atMs, zone }) {
  const online = device.state === "online";
  const seenMs = parseInstant(device.last_seen_at);
  const seen = seenMs === null ? t.devices.neverSeen : t.devices.lastSeen(dayTimeText(seenMs, atMs ?? seenMs, zone));
  return html`<li class="device">
    <span class=${classes("device-dot", online ? "is-online" : "is-offline")} aria-hidden="true"></span>
    <span class="row-main">
      <span class="row-name">${device.device_id}</span>
      <span class=${classes("row-note", !online && "gap-text")}>
        ${online ? t.devices.online : `${t.devices.offline}, ${seen}`}
      </span>
    </span>
    <span class="row-side">${t.devices.kind[device.kind] ?? device.kind}</span>
  </li>`;
}

const FEW_DEVICES = 12;
const MAX_DEVICES = 200;

/** Props: live, atMs, zone. Offline devices come first, and all of them are shown; of many others the rest on demand. */
export class Devices extends Pure {
  state = { all: false };

  render({ live, atMs, zone }, { all }) {
    const rank = (device) => (device.state === "online" ? 1 : 0);
    const devices = Object.values(live.devices).sort(
      (a, b) => rank(a) - rank(b) || a.device_id.localeCompare(b.device_id),
    );
    const offline = devices.filter((device) => device.state !== "online").length;
    const most = all ? MAX_DEVICES : Math.max(FEW_DEVICES, Math.min(offline, MAX_DEVICES));
    return html`<${Card} id="devices" icon="device" title=${t.devices.title}>
      ${devices.length === 0 && html`<${Empty} icon="device" title=${t.devices.none} help=${t.devices.noneHelp} />`}
      <ul class="rows device-list">
        ${devices.slice(0, most).map((device) => html`<${DeviceRow} key=${device.device_id} ...${{ device, atMs, zone }} />`)}
      </ul>
      ${(all || devices.length > most) &&
      html`<button class="quiet wide" aria-expanded=${all ? "true" : "false"} onClick=${() => this.setState({ all: !all })}>
        ${all ? t.devices.showFewer : t.devices.showAll(devices.length)}
      </button>`}
      ${offline > 0 && html`<p class="hint">${t.devices.offlineHelp}</p>`}
    <//>`;
  }
}
