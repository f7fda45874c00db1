// What staff did, kept on the phone until the server has it: an action has a key, so that it is done once however often it is sent.
const NAME = "storesense-staff";

const asPromise = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function stored(store, mode, use) {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("actions", { keyPath: "number", autoIncrement: true });
    opening.result.createObjectStore("kept");
  };
  const database = await asPromise(opening);
  try {
    return await asPromise(use(database.transaction(store, mode).objectStore(store)));
  } finally {
    database.close();
  }
}

/** Keep a value under a name, for when there is no network. */
export const keep = (name, value) => stored("kept", "readwrite", (kept) => kept.put(value, name));
export const recall = (name) => stored("kept", "readonly", (kept) => kept.get(name));

/** Add an action: `{key, userName, path, body, alertId, name, label}`. */
export const add = (action) => stored("actions", "readwrite", (actions) => actions.add({ ...action, problem: null }));
export const remove = (number) => stored("actions", "readwrite", (actions) => actions.delete(number));
/** All that is not done yet, oldest first. */
export const all = () => stored("actions", "readonly", (actions) => actions.getAll());

const isPassing = (status) => status === 0 || status === 401 || status === 408 || status === 429 || status >= 500;

/**
 * Send what waits, in order, as `userName` alone; what the server refuses for good is kept with the reason. Gives false where
 * something still waits, as the network or the session is not there.
 */
export function drain(userName, send) {
  const work = async () => {
    for (const action of await all()) {
      if (action.userName !== userName || action.problem) continue;
      try {
        await send(action);
        await remove(action.number);
      } catch (error) {
        if (error.status === undefined) throw error;
        if (isPassing(error.status)) return false;
        await stored("actions", "readwrite", (actions) => actions.put({ ...action, problem: error.message }));
      }
    }
    return true;
  };
  // One sender among all windows of the app; where locks are missing the keys keep it harmless.
  return navigator.locks ? navigator.locks.request("storesense-outbox", work) : work();
}
