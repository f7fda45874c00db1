// When a slot runs empty, in words.
import { durationText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";

const p = await pageTexts("shelves");

/** When a slot runs empty: the middle, with the span that holds in eight of ten cases. */
export function whenEmpty(row) {
  if (row.units === 0) return p.emptyNow;
  const hours = row.toEmptyH;
  if (hours === null) return row.units === null ? t.unknown : p.demandUnknown;
  if (hours.p50 === null) return p.notSoon;
  const text = durationText(hours.p50 * 3600);
  if (hours.p10 === null) return text;
  return p.about(text, durationText(hours.p10 * 3600), hours.p90 === null ? null : durationText(hours.p90 * 3600));
}
