// Light or dark: as the device, or as chosen here. Canvases ask for colours by token, and draw again on a change.
import { remember } from "./memory.js";

export const THEMES = Object.freeze(["auto", "light", "dark"]);

const device = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

/** The choice: "auto", "light" or "dark". */
export const chosenTheme = () => document.documentElement.dataset.theme ?? "auto";

/** Whether the page is dark now. */
export const isDark = () => (chosenTheme() === "auto" ? device.matches : chosenTheme() === "dark");

/** Choose a theme and keep the choice. */
export function chooseTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  remember("theme", theme === "auto" ? null : theme);
  tell();
}

/** Call `listener` after each change of the look; gives a function that ends it. */
export function onThemeChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const tokens = new Map();
let areDarkTokens = null;

/** The value of a token of tokens.css: `token("--accent")`. Kept for each look: asking makes the browser work out all styles anew. */
export function token(name) {
  if (areDarkTokens !== isDark()) {
    tokens.clear();
    areDarkTokens = isDark();
  }
  const known = tokens.get(name);
  if (known) return known;
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  tokens.set(name, value);
  return value;
}

function tell() {
  const ground = token("--bg");
  for (const meta of document.querySelectorAll('meta[name="theme-color"]'))
    if (chosenTheme() !== "auto") meta.content = ground;
  for (const listener of listeners) listener();
}

device.addEventListener("change", tell);
