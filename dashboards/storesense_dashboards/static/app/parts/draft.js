// What was typed and not saved: kept in this tab while somebody whose session ended signs in again. Leaving by choice forgets it.
const kept = new Map();

addEventListener("storesense:left", () => kept.clear());

/** What was kept under `key`, or null. */
export const draftOf = (key) => kept.get(key) ?? null;

/** Keep `value` under `key`; null forgets it. */
export function keepDraft(key, value) {
  if (value === null) kept.delete(key);
  else kept.set(key, value);
}
