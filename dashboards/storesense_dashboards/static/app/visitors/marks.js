// Which figures rest on a camera that was not well, and for how long; pure.
import { parseInstant } from "../format.js";

const MOST_QUALITY_MS = 7 * 86_400_000;

/** From when on faults are asked for, of a period: the API tells seven days at once. */
export const qualitySince = (fromMs, toMs) => Math.max(fromMs, toMs - MOST_QUALITY_MS + 60_000);

/** Seconds by figure ("zone/fresh"), of faults as `GET .../quality` tells them; times of several cameras at once count once. */
export function markedSeconds(faults) {
  const spans = new Map();
  for (const fault of faults) {
    const span = [parseInstant(fault.from) ?? 0, parseInstant(fault.to) ?? 0];
    for (const figure of fault.affected) spans.set(figure, [...(spans.get(figure) ?? []), span]);
  }
  const marked = {};
  for (const [figure, found] of spans) {
    let [totalMs, endMs] = [0, -Infinity];
    for (const [fromMs, toMs] of found.sort((a, b) => a[0] - b[0])) {
      totalMs += Math.max(0, toMs - Math.max(fromMs, endMs));
      endMs = Math.max(endMs, toMs);
    }
    if (totalMs > 0) marked[figure] = totalMs / 1000;
  }
  return marked;
}

/** What people call figures ("zone/fresh") of a layout, `heatmap` the heatmap; those that it tells none of are left out. */
export function affectedNames(layout, figures, heatmap) {
  const lists = { footfall: layout.lines, zone: layout.zones.filter((zone) => !zone.staff_only), queue: layout.queues };
  return figures.flatMap((figure) => {
    const [stream, id] = figure.split("/");
    return stream === "heatmap" ? heatmap : (lists[stream]?.find((place) => place.id === id)?.name ?? []);
  });
}
