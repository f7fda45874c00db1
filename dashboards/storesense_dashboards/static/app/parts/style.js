// A page's own style sheet, fetched with the page and not before: the first view carries what it needs and no more.
const asked = new Map();

/** Load `css/NAME.css`; gives a promise that is kept when it holds, so that nothing is drawn without it. */
export function loadStyle(name) {
  if (!asked.has(name))
    asked.set(
      name,
      new Promise((resolve) => {
        const link = document.createElement("link");
        link.rel = "stylesheet";
        link.href = new URL(`../../css/${name}.css`, import.meta.url).href;
        // A page without its style is still a page.
        link.onload = link.onerror = resolve;
        document.head.append(link);
      }),
    );
  return asked.get(name);
}
