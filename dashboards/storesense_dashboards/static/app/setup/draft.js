// What is drawn and not saved, kept in this browser: it outlives a reload, a session that ends, a closed tab and the way to an
// edge box, and is offered again to whoever drew it.

const nameOf = (storeId) => `storesense.drawing.${storeId}`;

/** What `user` drew of a store and did not save: `{base, drawing, user, atMs, word}`; null if there is nothing. */
export function draftOf(storeId, user) {
  try {
    const draft = JSON.parse(localStorage.getItem(nameOf(storeId)));
    return draft?.user === user && Number.isInteger(draft.base) && draft.drawing ? draft : null;
  } catch {
    return null;
  }
}

/** Keep a draft; null forgets it. */
export function keepDraft(storeId, draft) {
  try {
    if (draft === null) localStorage.removeItem(nameOf(storeId));
    else localStorage.setItem(nameOf(storeId), JSON.stringify(draft));
  } catch {
    // Nothing may be kept here; the drawing lasts as long as the page.
  }
}
