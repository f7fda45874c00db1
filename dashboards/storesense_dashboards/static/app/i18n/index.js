// The texts in use: the language that was chosen here, else the first that the browser names and we have.
import { remember, remembered } from "../memory.js";

/** The languages there are: tag and its own name. A further one is a further folder with the same files and keys. */
export const LANGUAGES = Object.freeze({ en: "English", "zh-CN": "简体中文" });

/** The language for a list of wishes ("zh-Hans-SG", "de"), best first: a wish's language decides, its country does not. */
export function languageFor(wishes) {
  for (const wish of wishes) {
    const base = String(wish).toLowerCase().split("-")[0];
    const found = Object.keys(LANGUAGES).find((tag) => tag.toLowerCase().split("-")[0] === base);
    if (found) return found;
  }
  return "en";
}

export const language = languageFor([remembered("language"), ...(navigator.languages ?? [])].filter(Boolean));

const AGAIN_MS = 2_000;

/**
 * The texts of a file. While the server is away it is asked for again: a module that waits for its texts at its head, and once
 * failed, would stay failed for as long as the page is open.
 */
async function load(name) {
  for (;;) {
    try {
      return (await import(`./${language}/${name}.js`)).default;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

const [shell, floor, problems] = await Promise.all(["shell", "floor", "problems"].map(load));

/** The texts of the frame, of the floor, and of what the server refuses. */
export const t = { ...shell, ...floor, ...problems };

/** The texts of one page: `const p = await pageTexts("devices")` at the head of its module. */
export const pageTexts = load;

/** Use another language from now on; the page begins anew, and its address keeps the view. */
export function chooseLanguage(tag) {
  remember("language", tag);
  location.reload();
}
