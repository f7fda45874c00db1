// Being told on this phone: whether this browser can, is asked to, and what stands in the way where it cannot.
import { api } from "../api.js";

const bytesOf = (base64url) => Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

const isIphone = () => /iPhone|iPad/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
const isInstalled = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

/** Why this browser cannot be told anything ("insecure", "install", "unsupported", "denied"), or null if it can. */
export function obstacle() {
  if (!window.isSecureContext) return "insecure";
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window))
    return isIphone() && !isInstalled() ? "install" : "unsupported";
  return Notification.permission === "denied" ? "denied" : null;
}

const registration = async () => (obstacle() === null ? navigator.serviceWorker.getRegistration("/staff") : null);

/** Whether this browser is subscribed. */
export async function isOn() {
  if (obstacle() !== null || Notification.permission !== "granted") return false;
  return Boolean(await (await registration())?.pushManager.getSubscription());
}

/** What this browser is called among the channels of the person. */
const deviceName = () => navigator.userAgentData?.platform || /iPhone|iPad|Android|Windows|Mac|Linux/.exec(navigator.userAgent)?.[0] || "Browser";

const tell = (storeId, subscription) =>
  api.send("POST", storeId, "/push/subscriptions", { ...subscription.toJSON(), name: deviceName() });

async function subscription(manager, publicKey) {
  const options = { userVisibleOnly: true, applicationServerKey: bytesOf(publicKey) };
  try {
    return await manager.subscribe(options);
  } catch (error) {
    // The server has another key than when this browser subscribed.
    if (error.name !== "InvalidStateError") throw error;
    await (await manager.getSubscription())?.unsubscribe();
    return manager.subscribe(options);
  }
}

/**
 * Ask the person and subscribe; gives null, or what stood in the way: "denied", "no_key" (the server pushes nothing),
 * "not_among_people", "no_service" (the browser has no push service now), "offline", "failed".
 */
export async function turnOn(storeId) {
  if ((await Notification.requestPermission()) !== "granted") return "denied";
  const worker = await navigator.serviceWorker.ready;
  let made = null;
  try {
    const { public_key: key } = await api.get(storeId, "/push/key");
    made = await subscription(worker.pushManager, key);
    await tell(storeId, made);
    return null;
  } catch (error) {
    if (made) await made.unsubscribe();
    if (error.status === 409) return "not_among_people";
    if (error.status === 503) return "no_key";
    if (error.status === 0) return "offline";
    if (error.status !== undefined) return "failed";
    if (error instanceof DOMException) return "no_service";
    throw error;
  }
}

/** Tell this browser nothing any longer; the server finds out by itself. */
export async function turnOff() {
  await (await (await registration())?.pushManager.getSubscription())?.unsubscribe();
}

/** Say again to the server of `storeId` where this browser is told, as it may be another store's or have forgotten. */
export async function renew(storeId) {
  if (!(await isOn())) return;
  const known = await (await registration()).pushManager.getSubscription();
  try {
    await tell(storeId, known);
  } catch (error) {
    if (error.status === undefined) throw error; // a fault of ours; without an answer it is said at the next start
  }
}
