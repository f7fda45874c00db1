// The places of a layout that have a position, in drawing order, with their geometry in pixels.
import { centroid, inArrow } from "./geometry.js";

const keyOf = (kind, id) => `${kind}:${id}`;

function area(kind, place, fit) {
  const points = place.floor_m.map(fit.toPx);
  return { key: keyOf(kind, place.id), kind, id: place.id, place, points, at: centroid(points) };
}

function spot(kind, place, pointM, fit) {
  return { key: keyOf(kind, place.id), kind, id: place.id, place, at: fit.toPx(pointM) };
}

function line(place, fit) {
  const points = place.floor_m.map(fit.toPx);
  const at = [(points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2];
  const arrow = inArrow(points[0], points[1], place.in_side, 26);
  return { key: keyOf("line", place.id), kind: "line", id: place.id, place, points, at, arrow };
}

/** All placed items of the layout; what is drawn first comes first. */
export function placedItems(layout, fit) {
  return [
    ...layout.zones.filter((zone) => zone.floor_m && !zone.staff_only).map((zone) => area("zone", zone, fit)),
    ...layout.queues.filter((queue) => queue.floor_m).map((queue) => area("queue", queue, fit)),
    ...layout.lines.filter((entry) => entry.floor_m).map((entry) => line(entry, fit)),
    ...layout.lanes.filter((lane) => lane.till_m).map((lane) => spot("lane", lane, lane.till_m, fit)),
    ...layout.slots.filter((slot) => slot.at_m).map((slot) => spot("slot", slot, slot.at_m, fit)),
    ...layout.environment_sensors
      .filter((sensor) => sensor.at_m)
      .map((sensor) => spot("sensor", sensor, sensor.at_m, fit)),
  ];
}

const MEASURED = {
  footfall: ["lines", "floor_m"],
  zone: ["zones", "floor_m"],
  queue: ["queues", "floor_m"],
  lane: ["lanes", "till_m"],
  shelf: ["slots", "at_m"],
  environment: ["environment_sensors", "at_m"],
};
const AREAS = new Set(["footfall", "zone", "queue"]);
const MOST_DEVICES = 24;
const APART_PX = 24;

/**
 * Devices by what they measure, as nobody says where they hang: at the upper right of their lines, zones, slots...
 * `devices` are those that `GET .../devices` tells; of so many that they would hide what they measure, only those that
 * are not online.
 */
export function placedDevices(layout, devices, fit) {
  const shown = devices.length > MOST_DEVICES ? devices.filter((device) => device.state !== "online") : devices;
  const found = [];
  for (const device of shown.slice(0, MOST_DEVICES)) {
    const points = (device.measures ?? []).flatMap(({ stream, subject_id: id }) => {
      const [list, field] = MEASURED[stream] ?? [];
      const place = list && layout[list].find((each) => each.id === id)?.[field];
      return !place ? [] : field === "floor_m" ? place : [place];
    });
    if (!points.length) continue;
    const pixels = points.map(fit.toPx);
    // Beside a single spot, whose own mark is as large as that; at the corner of anything wider.
    const besidePx = device.measures.some(({ stream }) => AREAS.has(stream)) ? 2 : 26;
    let x = Math.min(fit.widthPx - 14, Math.max(...pixels.map(([px]) => px)) + besidePx);
    const y = Math.max(14, Math.min(...pixels.map(([, py]) => py)) - besidePx / 2);
    while (x > 14 && found.some(({ at }) => Math.hypot(at[0] - x, at[1] - y) < APART_PX)) x -= APART_PX;
    const { device_id: id } = device;
    found.push({ key: keyOf("device", id), kind: "device", id, place: { id, name: id, kind: device.kind }, at: [x, y] });
  }
  return found;
}

/** The items of the layout that have no position, as `{kind, id, place}`. Slots are left to the shelf list. */
export function unplacedItems(layout) {
  const missing = (kind, list, field) =>
    list.filter((place) => !place[field]).map((place) => ({ kind, id: place.id, place }));
  return [
    ...missing("line", layout.lines, "floor_m"),
    ...missing(
      "zone",
      layout.zones.filter((zone) => !zone.staff_only),
      "floor_m",
    ),
    ...missing("lane", layout.lanes, "till_m"),
    ...missing("sensor", layout.environment_sensors, "at_m"),
  ];
}
