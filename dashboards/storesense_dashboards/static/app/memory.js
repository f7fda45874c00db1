// What this browser keeps of its user's choices. Where it keeps nothing (private windows), the choices last for the page.
const PREFIX = "storesense.";

/** The text that was kept under `name`, or null. */
export function remembered(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Keep `text` under `name`; null forgets it. */
export function remember(name, text) {
  try {
    if (text === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, text);
  } catch {
    // Nothing may be kept here, and nothing depends on it.
  }
}
