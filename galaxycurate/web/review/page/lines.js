// Decisions as lines that tell all by themselves, and as the file that `galaxycurate review --apply` reads.

import { el } from "./dom.js";

const COLUMNS = ["uid", "key", "path", "kind", "label", "reason", "partner", "keep", "undoes", "reviewer", "queue",
  "sha256", "partner_sha256", "blind", "again", "took_ms"];
const OF_PICTURE = ["path", "partner", "sha256", "partner_sha256"];

/** What a line says of the pictures that were looked at. */
export function picturesOf(item) {
  const [first, second] = item.sides;
  return { path: first.path, sha256: first.sha256, ...(second ? { partner: second.path, partner_sha256: second.sha256 } : {}) };
}

/** Lines as CSV, undone ones too. The key tells --apply what a page does not know: the path where it is blind,
 *  and whether it was a second look; what undoes a line of the ledger is about that one's picture. */
export function csvOf(lines) {
  const whole = new Map();
  for (const line of lines) {
    const old = line.kind === "undo" ? whole.get(line.undoes) || {} : line;
    whole.set(line.uid, { blind: 0, ...Object.fromEntries(OF_PICTURE.map((name) => [name, old[name]])), ...line });
  }
  const rows = [...whole.values()].map((line) => COLUMNS.map((name) => quoted(line[name] ?? "")));
  return [COLUMNS, ...rows].map((row) => row.join(",")).join("\n") + "\n";
}

/** What begins like a formula gets an apostrophe, which --apply takes off: a spreadsheet would reckon it. */
function quoted(value) {
  const text = String(value).replace(/^(?=[=+\-@'])/, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Give a person lines as a file. */
export function download(lines, name) {
  const url = URL.createObjectURL(new Blob([csvOf(lines)], { type: "text/csv;charset=utf-8" }));
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
