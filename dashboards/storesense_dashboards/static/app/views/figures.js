// The key figures. What is not known is a dash with its reason, never a zero.
import { deviceFigures, entranceFigures, freshness, longestQueue, shelfList } from "../figures.js";
import { dayTimeText, durationText, numberText } from "../format.js";
import { t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { classes, html, Pure } from "../ui.js";

function Figure({ id, icon, label, value, of, note, tone }) {
  return html`<div class=${classes("figure", tone && `tone-${tone}`)} data-figure=${id}>
    <dt><${Icon} name=${icon} />${label}</dt>
    <dd>
      <span class="figure-value">${value}</span>
      ${of && html`<span class="figure-of">${of}</span>`}
      ${note && html`<span class="figure-note">${note}</span>`}
    </dd>
  </div>`;
}

function entranceNotes(figures, atMs, zone) {
  if (!figures.configured) return { note: t.figures.noEntrance, tone: "quiet" };
  if (figures.visitors === null) return { note: t.figures.noCounts, tone: "gap" };
  if (!figures.silent.length) return null;
  const { line, state, sinceMs } = figures.silent[0];
  const note =
    state === "stale"
      ? t.figures.staleNote(line.name, dayTimeText(sinceMs, atMs ?? sinceMs, zone))
      : t.figures.missingNote(line.name);
  return { note, tone: "gap" };
}

function queueFigure(layout, live, atMs, needing) {
  if (!layout.queues.length) return { value: t.unknown, note: t.figures.noQueues, tone: "quiet" };
  const longest = longestQueue(layout, live, atMs);
  if (!longest) return { value: t.unknown, note: queueGap(layout, live, atMs), tone: "gap" };
  if (longest.length === 0) return { value: "0", note: t.figures.queueEmpty };
  return {
    value: numberText(longest.length),
    note: t.figures.queueNote(longest.queue.name, durationText(longest.waitS)),
    tone: needing.has(`queue:${longest.queue.id}`) ? "act" : null,
  };
}

function queueGap(layout, live, atMs) {
  for (const queue of layout.queues) {
    const { sinceMs } = freshness("queues", live.queues[queue.id], atMs);
    if (sinceMs !== null)
      return t.figures.staleNote(queue.name, dayTimeText(sinceMs, atMs ?? sinceMs, layout.time_zone));
  }
  return t.figures.noQueueData;
}

function stockFigure(layout, live, atMs) {
  if (!layout.slots.length) return { value: t.unknown, note: t.figures.noSlots, tone: "quiet" };
  const shelves = shelfList(layout, live, atMs);
  if (!shelves.known) return { value: t.unknown, note: t.figures.noSlotData, tone: "gap" };
  return {
    value: numberText(shelves.needing),
    of: t.figures.stockNote(layout.slots.length),
    note: shelves.silent ? t.figures.stockUnknown(shelves.silent) : null,
    tone: shelves.needing ? "act" : null,
  };
}

function deviceFigure(live) {
  const devices = deviceFigures(live);
  if (!devices.total) return { value: t.unknown, note: t.figures.noDevices, tone: "quiet" };
  return {
    value: numberText(devices.online),
    of: t.figures.devicesTotal(devices.total),
    note: devices.offline.length
      ? t.figures.devicesOffline(devices.offline.map((device) => device.device_id))
      : t.figures.devicesAll,
    tone: devices.offline.length ? "gap" : null,
  };
}

/** Props: layout, live, atMs, needing; last (the props of a figure that stands for the devices', where it is about the past), labels (other ones for that). */
export class KeyFigures extends Pure {
  render({ layout, live, atMs, needing, last, labels = t.figures }) {
    const entrance = entranceFigures(layout, live, atMs);
    const gap = entranceNotes(entrance, atMs, layout.time_zone);
    return html`<section class="figures" aria-label=${t.figures.title}>
      <dl>
        <${Figure}
          id="visitors"
          icon="people"
          label=${labels.visitors}
          value=${numberText(entrance.visitors)}
          note=${gap?.note ?? t.figures.visitorsNote(numberText(entrance.left))}
          tone=${gap?.tone}
        />
        <${Figure}
          id="occupancy"
          icon="inside"
          label=${labels.occupancy}
          value=${numberText(entrance.occupancy)}
          note=${gap?.note ?? t.figures.occupancyNote}
          tone=${gap?.tone}
        />
        <${Figure} id="queue" icon="queue" label=${t.figures.queue} ...${queueFigure(layout, live, atMs, needing)} />
        <${Figure} id="stock" icon="shelf" label=${t.figures.stock} ...${stockFigure(layout, live, atMs)} />
        ${last ? html`<${Figure} icon="device" ...${last} />` : html`<${Figure} id="devices" icon="device" label=${t.figures.devices} ...${deviceFigure(live)} />`}
      </dl>
    </section>`;
  }
}
