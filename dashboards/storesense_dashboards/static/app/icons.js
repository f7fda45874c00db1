// Storesense's own icons: 20 by 20, drawn with strokes in the text's colour, silent to screen readers.
import { html } from "./ui.js";

const PATHS = {
  bell: "M10 3.2a4.6 4.6 0 0 0-4.6 4.6c0 4.2-1.6 5.4-1.6 5.4h12.4s-1.6-1.2-1.6-5.4A4.6 4.6 0 0 0 10 3.2ZM8.2 16a1.9 1.9 0 0 0 3.6 0",
  more: "M4.6 10h.1M10 10h.1M15.4 10h.1",
  people:
    "M7.4 9.2a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM2.6 16.2c0-3 2-4.9 4.8-4.9s4.8 1.9 4.8 4.9M13 4.2a2.5 2.5 0 0 1 0 4.8M14.4 11.5c1.9.6 3 2.3 3 4.7",
  inside: "M3.5 16.5V5.6L10 3l6.5 2.6v10.9M1.8 16.5h16.4M8 16.5v-5h4v5",
  queue: "M5 7.4a1.9 1.9 0 1 0 0-3.8 1.9 1.9 0 0 0 0 3.8ZM2.4 15.6c0-3.2.9-5.4 2.6-5.4s2.6 2.2 2.6 5.4M11 5.5h6.5M11 10h6.5M11 14.5h4",
  shelf: "M3.2 3v14M16.8 3v14M3.2 9.4h13.6M3.2 15.6h13.6M6 9.4V5.6h3.2v3.8M11.4 15.6v-3.2h2.8v3.2",
  device: "M4.2 12.2h11.6v4.2H4.2ZM13.2 14.3h.1M6.6 9.6a4.8 4.8 0 0 1 6.8 0M4.4 7.2a8 8 0 0 1 11.2 0",
  pin: "M10 17.4s5.4-4.9 5.4-9A5.4 5.4 0 0 0 4.6 8.4c0 4.1 5.4 9 5.4 9ZM10 10.2a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Z",
  check: "M4 10.6 8.2 14.8 16 5.6",
  print: "M6.2 7V3.4h7.6V7M6 13.8H3.4V7h13.2v6.8H14M6.2 11.4h7.6v5.2H6.2Z",
  close: "M5 5l10 10M15 5 5 15",
  warning: "M10 3.4 17.4 16.4H2.6ZM10 8.2v3.8M10 14.2v.1",
  urgent: "M6.6 2.8h6.8l4 4v6.4l-4 4H6.6l-4-4V6.8ZM10 6.4v4.4M10 13.6v.1",
  note: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 9.4v4M10 6.6v.1",
  chart: "M3 16.8h14M5.4 14v-3.4M9 14V7.2M12.6 14V4.4M16.2 14v-5",
  signOut: "M11.6 4H4.4v12h7.2M8.6 10h8.2M13.8 6.8 17 10l-3.2 3.2",
  enlarge: "M8.4 3.6H3.6v4.8M3.6 3.6l5.2 5.2M11.6 16.4h4.8v-4.8M16.4 16.4l-5.2-5.2",
  shrink: "M4 8.8h4.8V4M8.8 8.8 3.6 3.6M16 11.2h-4.8V16M11.2 11.2l5.2 5.2",
  search: "M8.8 14.2a5.4 5.4 0 1 0 0-10.8 5.4 5.4 0 0 0 0 10.8ZM12.8 12.8l4 4",
  stores: "M3 16.8V6.4l5-2.2v12.6M8 8.2l9 2.6v6M2 16.8h16M5.4 8.2v.1M5.4 11.2v.1M11 12.8v.1M14 13.4v.1",
  look: "M10 17a7 7 0 1 1 0-14 7 7 0 0 1 0 14ZM10 3v14M12.4 6.2h2.8M12.4 9.2h4.4M12.4 12.2h3.6",
  refresh: "M16.4 9.4a6.5 6.5 0 1 0-.6 3.6M16.6 4.6v4.8h-4.8",
  download: "M10 3.4v9M6.4 9.2 10 12.8l3.6-3.6M3.6 16.4h12.8",
  replay: "M4 10a6.2 6.2 0 1 0 2-4.6L4 7.2M4 3.4v3.8h3.8M10 6.8V10l2.4 1.6",
  screen: "M3 4h14v9.4H3ZM10 13.4v3.2M6.6 16.6h6.8",
  play: "M6.4 4.4 15.2 10l-8.8 5.6Z",
  pause: "M7 4.6v10.8M13 4.6v10.8",
  setup: "M3 6h7.4M14.6 6H17M3 14h2.4M9.6 14H17M12.5 8.1a2.1 2.1 0 1 0 0-4.2 2.1 2.1 0 0 0 0 4.2ZM7.5 16.1a2.1 2.1 0 1 0 0-4.2 2.1 2.1 0 0 0 0 4.2Z",
  store: "M3.4 8.2 4.6 3.6h10.8l1.2 4.6M4.4 9.6v6.8h11.2V9.6M3.4 8.2a2.2 2.2 0 0 0 4.4 0 2.2 2.2 0 0 0 4.4 0 2.2 2.2 0 0 0 4.4 0M8.4 16.4v-3.6h3.2v3.6",
};

/** One icon by name. */
export function Icon({ name, size = 20 }) {
  return html`<svg class="icon" width=${size} height=${size} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <path d=${PATHS[name]} />
  </svg>`;
}

/** The product's mark: a shelf that looks back. */
export function Mark({ size = 28 }) {
  return html`<svg class="mark" width=${size} height=${size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect class="mark-ground" width="32" height="32" rx="9" />
    <path class="mark-line" d="M8 22.5h16M8 15.5h16" />
    <path class="mark-line" d="M11.5 15.5v-4M16 15.5V9M20.5 15.5v-4" />
    <circle class="mark-dot" cx="16" cy="22.5" r="2.6" />
  </svg>`;
}
