// Shares and reasons of the gap ledger in words.
import { numberText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { missingReasons } from "./hours.js";

const p = await pageTexts("devices");

/** A share as per cent. Only what is whole is told as 100 %, and only nothing at all as 0 %. */
export function percent(share) {
  if (share === null) return t.unknown;
  if (share === 0 || share === 1) return `${share * 100} %`;
  return `${numberText(Math.min(99.9, Math.max(0.1, Math.round(share * 1000) / 10)), 1)} %`;
}

/** Why minutes are missing, the most first, in words. */
export const reasonsText = (hours) =>
  missingReasons(hours)
    .map(([reason, share]) => p.missing(p.reasons[reason] ?? reason, percent(share)))
    .join(", ");
