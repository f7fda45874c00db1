// Saving what is seen: a table as CSV, a drawing as PNG.

// Spreadsheets take a cell that begins so for a formula.
const FORMULA = /^[=+\-@\t\r]/;

function cellText(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows of cells (texts, numbers, null for "not known") as CSV of RFC 4180. */
export const csvText = (rows) => rows.map((row) => `${row.map(cellText).join(",")}\r\n`).join("");

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A name for a file: letters and digits of any script, and dashes. */
export const fileName = (title, suffix) =>
  `${title.normalize("NFC").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "storesense"}.${suffix}`;

/** Save rows as a CSV file; the mark at its head makes spreadsheets read it as UTF-8. */
export function saveCsv(title, rows) {
  save(new Blob(["\ufeff", csvText(rows)], { type: "text/csv;charset=utf-8" }), fileName(title, "csv"));
}

/** Save a canvas as a PNG file, its title above it, on the ground it stands on. */
export function savePng(title, canvas, { ground, ink, font }) {
  const ratio = devicePixelRatio || 1;
  const headPx = Math.round(34 * ratio);
  const sheet = document.createElement("canvas");
  sheet.width = canvas.width;
  sheet.height = canvas.height + headPx;
  const context = sheet.getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.fillStyle = ink;
  context.font = `600 ${Math.round(15 * ratio)}px ${font}`;
  context.fillText(title, 8 * ratio, 22 * ratio, sheet.width - 16 * ratio);
  context.drawImage(canvas, 0, headPx);
  sheet.toBlob((blob) => blob && save(blob, fileName(title, "png")), "image/png");
}
