// The one place that binds the renderer: markup is written with `html`, data becomes text nodes and never markup.
import { Component, createRef, h, render } from "../vendor/preact-11.2.0/preact.mjs";
import htm from "../vendor/htm-3.1.1/htm.module.js";

export const html = htm.bind(h);
export { Component, createRef, render };

const sameProps = (a, b) => {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]));
};

/** A component that renders again only when one of its props or its state is another value. */
export class Pure extends Component {
  shouldComponentUpdate(nextProps, nextState) {
    return !sameProps(this.props, nextProps) || this.state !== nextState;
  }
}

/** Join class names, leaving out what is false. */
export const classes = (...names) => names.filter(Boolean).join(" ");

export const prefersReducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const SETTLING_MS = 2_000;

/**
 * Scroll until what `find()` gives is seen, and again while the page around it still grows: what comes late would push it
 * away. Whoever scrolls meanwhile is left alone.
 */
export function bringIntoView(find) {
  const scroll = () => find()?.scrollIntoView({ behavior: prefersReducedMotion() ? "auto" : "smooth", block: "nearest" });
  const stop = new AbortController();
  const observer = new ResizeObserver(scroll); // it looks once at once
  observer.observe(document.body);
  stop.signal.addEventListener("abort", () => observer.disconnect());
  for (const name of ["wheel", "touchmove", "keydown"])
    addEventListener(name, () => stop.abort(), { signal: stop.signal, passive: true });
  setTimeout(() => stop.abort(), SETTLING_MS);
}
