// What the page says about one place: a short line for its label and tooltip, and rows for its details.
import { freshness, laneState, slotState } from "../figures.js";
import { dayTimeText, durationText, numberText, parseInstant, weightText } from "../format.js";
import { t } from "../i18n/index.js";

const LISTS = {
  line: ["lines", "footfall"],
  zone: ["zones", "zones"],
  queue: ["queues", "queues"],
  lane: ["lanes", "lanes"],
  slot: ["slots", "slots"],
  sensor: ["environment_sensors", "environment"],
};

/** The layout's entry for `{kind, id}`, or null if the layout has none. */
export const findPlace = (layout, item) => layout[LISTS[item.kind][0]].find((place) => place.id === item.id) ?? null;

/** The last reading of `{kind, id}`, if there is one. */
export const readingOf = (live, item) => live[LISTS[item.kind][1]][item.id];

/** Whether that reading is fresh; see `freshness`. */
export const freshnessOf = (live, item, atMs) => freshness(LISTS[item.kind][1], readingOf(live, item), atMs);

/** "No data since 12:04", "No data yet", or null while data comes. */
export function gapText(fresh, atMs, zone) {
  if (fresh.state === "none") return t.floor.noDataYet;
  return fresh.state === "stale" ? t.floor.noDataSince(dayTimeText(fresh.sinceMs, atMs ?? fresh.sinceMs, zone)) : null;
}

export const slotTitle = (slot) => slot.product?.name ?? slot.name;

/** The name that people know a place by. */
export const placeName = (item, place) => (item.kind === "slot" ? slotTitle(place) : place.name);

function valueText(item, place, reading, atMs) {
  switch (item.kind) {
    case "line":
      return `${t.floor.inCount(numberText(reading.in_count))}, ${t.floor.outCount(numberText(reading.out_count))}`;
    case "zone":
      return t.floor.people(reading.occupancy);
    case "queue":
      return reading.length
        ? `${t.floor.waiting(reading.length)}, ${t.queues.waits(durationText(reading.longest_wait_s))}`
        : t.queues.nobody;
    case "lane":
      return t.lane[laneState(reading, atMs, place).state];
    case "slot":
      return reading.units == null
        ? t.item.unitsUnknown
        : `${t.item.stockOf(reading.units, place.capacity_units)}, ${t.shelves[slotState(place, reading, atMs).state]}`;
    default:
      return climateTexts(reading).join(", ");
  }
}

function climateTexts(reading) {
  return [
    reading.temperature_c == null ? null : `${numberText(reading.temperature_c, 1)} °C`,
    reading.humidity_pct == null ? null : `${numberText(reading.humidity_pct)} %`,
    reading.noise_dba == null ? null : `${numberText(reading.noise_dba)} dB(A)`,
    reading.light_lux == null ? null : `${numberText(reading.light_lux)} lx`,
  ].filter(Boolean);
}

/** A place in one line: its kind, its name and what is known of it now. */
export function summaryText(layout, live, item, atMs, zone) {
  if (item.kind === "device") return deviceSummary(item, live.devices[item.id], atMs, zone);
  const place = findPlace(layout, item);
  const fresh = freshnessOf(live, item, atMs);
  const gap = gapText(fresh, atMs, zone);
  // What a line counted stands, and is drawn beside it; the state of any other place is not known any more.
  const isKnown = gap === null || (item.kind === "line" && fresh.state === "stale");
  const known = isKnown && valueText(item, place, readingOf(live, item), atMs);
  return {
    name: placeName(item, place),
    kind: t.item.kind[item.kind],
    value: [known, gap].filter(Boolean).join(". "),
    isGap: gap !== null,
  };
}

function deviceSummary({ id, place }, device, atMs, zone) {
  const isOnline = device?.state === "online";
  const seenMs = parseInstant(device?.last_seen_at);
  const seen = seenMs === null ? t.devices.neverSeen : t.devices.lastSeen(dayTimeText(seenMs, atMs ?? seenMs, zone));
  return {
    name: id,
    kind: t.devices.kind[place.kind] ?? t.devices.title,
    value: isOnline ? t.devices.online : `${t.devices.offline}, ${seen}`,
    isGap: !isOnline,
  };
}

const detailRows = {
  line: (place, reading) => [
    [t.item.inToday, numberText(reading?.in_count)],
    [t.item.outToday, numberText(reading?.out_count)],
    [t.item.entrance, place.is_entrance ? t.item.yes : t.item.no],
  ],
  zone: (place, reading) => [[t.item.peopleNow, numberText(reading?.occupancy)]],
  queue: (place, reading, { layout, live, atMs }) => [
    [t.item.waitingNow, numberText(reading?.length)],
    [t.item.longestWait, reading ? durationText(reading.longest_wait_s) : t.unknown],
    [
      t.item.lanes,
      place.lanes
        .map((id) => {
          const lane = layout.lanes.find((entry) => entry.id === id);
          return `${lane?.name ?? id}: ${t.lane[laneState(live.lanes[id], atMs, lane).state]}`;
        })
        .join(" · ") || t.unknown,
    ],
  ],
  lane: (place, reading, { atMs }) => [[t.item.state, t.lane[laneState(reading, atMs, place).state]]],
  slot: (place, reading) => [
    [
      t.item.stock,
      reading?.units == null
        ? reading
          ? t.item.unitsUnknown
          : t.unknown
        : t.item.stockOf(reading.units, place.capacity_units),
    ],
    [t.item.reorderAt, numberText(place.reorder_point_units)],
    [t.item.weight, `${weightText(reading?.weight_g)}${reading?.is_stable === false ? ` (${t.item.settling})` : ""}`],
    [t.item.confidence, reading?.confidence == null ? t.unknown : `${numberText(reading.confidence * 100)} %`],
    [t.item.place, place.name],
    [t.item.sku, place.product?.sku ?? t.unknown],
  ],
  sensor: (place, reading) =>
    [
      [t.item.temperature, reading?.temperature_c, (v) => `${numberText(v, 1)} °C`],
      [t.item.humidity, reading?.humidity_pct, (v) => `${numberText(v)} %`],
      [t.item.noise, reading?.noise_dba, (v) => `${numberText(v)} dB(A)`],
      [t.item.light, reading?.light_lux, (v) => `${numberText(v)} lx`],
    ]
      .filter(([, value]) => value != null)
      .map(([label, value, text]) => [label, text(value)]),
};

/** The details of a place as rows of label and text. */
export function details(layout, live, item, atMs, zone) {
  const place = findPlace(layout, item);
  const reading = readingOf(live, item);
  const rows = detailRows[item.kind](place, reading, { layout, live, atMs });
  const section = layout.sections.find((entry) => entry.id === place.section);
  if (section) rows.push([t.item.section, section.name]);
  const { sinceMs } = freshnessOf(live, item, atMs);
  if (sinceMs !== null) rows.push([t.item.measured, dayTimeText(sinceMs, atMs ?? sinceMs, zone)]);
  return rows;
}
