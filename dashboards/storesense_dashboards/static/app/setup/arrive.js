// The edge box's page begins here: it takes what stands after # (the pass, the drawing, language and look), lets the address
// forget it, and only then loads what needs a language.
import { remember } from "../memory.js";
import { THEMES } from "../theme.js";
import { unpacked } from "./carry.js";

const given = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
const carried = given.has("with") ? await unpacked(given.get("with")) : null;
if (carried) {
  remember("language", String(carried.language ?? "en"));
  if (THEMES.includes(carried.theme) && carried.theme !== "auto") document.documentElement.dataset.theme = carried.theme;
}
const { begin } = await import("./box.js");
begin(given.get("pass"), carried);
