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
    ...layout.zones.filter((zone) => zone.floor_m).map((zone) => area("zone", zone, fit)),
    ...layout.queues.filter((queue) => queue.floor_m).map((queue) => area("queue", queue, fit)),
    ...layout.lines.filter((entry) => entry.floor_m).map((entry) => line(entry, fit)),
    ...layout.lanes.filter((lane) => lane.till_m).map((lane) => spot("lane", lane, lane.till_m, fit)),
    ...layout.slots.filter((slot) => slot.at_m).map((slot) => spot("slot", slot, slot.at_m, fit)),
    ...layout.environment_sensors
      .filter((sensor) => sensor.at_m)
      .map((sensor) => spot("sensor", sensor, sensor.at_m, fit)),
  ];
}

/** The items of the layout that have no position, as `{kind, id, place}`. Slots are left to the shelf list. */
export function unplacedItems(layout) {
  const missing = (kind, list, field) =>
    list.filter((place) => !place[field]).map((place) => ({ kind, id: place.id, place }));
  return [
    ...missing("line", layout.lines, "floor_m"),
    ...missing("zone", layout.zones, "floor_m"),
    ...missing("lane", layout.lanes, "till_m"),
    ...missing("sensor", layout.environment_sensors, "at_m"),
  ];
}
