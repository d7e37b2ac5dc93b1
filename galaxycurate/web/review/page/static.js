// Begins a review that lies in one file: decisions stay in this browser until they are downloaded.

import { App } from "./app.js";
import { button, count, el, fill } from "./dom.js";

const COLUMNS = ["uid", "path", "kind", "label", "reason", "partner", "keep", "undoes", "reviewer", "queue",
  "sha256", "blind", "again", "took_ms"];

/** Items and pictures of the page itself; decisions kept by the browser. */
class FileStore {
  isStatic = true;
  lines = [];
  isKept = true;

  constructor(held, changed) {
    Object.assign(this, { held, changed, place: `galaxycurate-review-page:${held.id}` });
    this.byKey = new Map(held.items.map((item) => [item.key, item]));
    try {
      const kept = JSON.parse(localStorage.getItem(this.place) || "{}");
      this.lines = Array.isArray(kept.lines) ? kept.lines : [];
      this.reviewer = kept.reviewer || held.session.reviewer;
    } catch {
      this.isKept = false;
      this.reviewer = held.session.reviewer;
    }
  }

  async session() {
    const { items } = this.held;
    const first = items.findIndex((item) => !this.#mine(item.key));
    const history = this.#standing().map((line) => [line.uid, line.key]);
    return { ...this.held.session, history, decided: items.filter((item) => this.#mine(item.key)).length,
      first: first < 0 ? items.length : first };
  }

  async items(from, n) { return this.held.items.slice(from, from + n).map((item) => this.#shown(item)); }

  async item(key) { return this.#shown(this.byKey.get(key)); }

  async objects() { throw new Error("a page without its server asks no catalogue"); }

  picture(key, side = 0) { return this.byKey.get(key).sides[side].picture; }

  small(key, side = 0) { return this.picture(key, side); }

  async save(decisions) {
    for (const one of decisions) if (!this.lines.some((line) => line.uid === one.uid)) this.lines.push(one);
    this.#keep();
    const session = await this.session();
    return { items: decisions.map((one) => this.#shown(this.byKey.get(one.key))), decided: session.decided, taken: [] };
  }

  name(reviewer) {
    this.reviewer = reviewer.trim();
    this.#keep();
  }

  #keep() {
    try { localStorage.setItem(this.place, JSON.stringify({ lines: this.lines, reviewer: this.reviewer })); } catch { this.isKept = false; }
    this.changed(this);
  }

  #standing() {
    const undone = new Set();
    const left = [];
    for (const line of [...this.lines].reverse()) {
      if (undone.has(line.uid)) continue;
      if (line.kind === "undo") undone.add(line.undoes);
      else left.unshift(line);
    }
    return left;
  }

  #mine(key) { return this.#standing().filter((line) => line.key === key).at(-1); }

  #shown(item) {
    const mine = this.#mine(item.key);
    return { ...item, mine: mine ? { label: "", reason: "", keep: "", ...mine } : null };
  }

  /** All lines as CSV, undone ones too, as the ledger keeps them. */
  csv() {
    const rows = this.lines.map((line) => {
      const item = this.byKey.get(line.key);
      const about = { path: item.sides[0].path, sha256: item.sides[0].sha256, partner: item.sides[1]?.path || "",
        reviewer: this.reviewer, queue: this.held.session.queue, blind: 0, again: 0 };
      return COLUMNS.map((name) => quoted(line[name] ?? about[name] ?? ""));
    });
    return [COLUMNS.join(","), ...rows.map((row) => row.join(","))].join("\n") + "\n";
  }
}

function quoted(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function download(store) {
  const url = URL.createObjectURL(new Blob([store.csv()], { type: "text/csv;charset=utf-8" }));
  const link = el("a", { href: url, download: "decisions.csv" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const page = document.getElementById("review");
const words = el("span");
const tell = (store) => fill(words, store.lines.length ? `decisions.csv (${count(store.lines.length)})` : "decisions.csv",
  store.isKept ? "" : ", not kept when the page is closed");
const fileStore = new FileStore(JSON.parse(document.getElementById("held").textContent), tell);
const nameInput = el("input", { type: "text", maxlength: 100, placeholder: "your name", "aria-label": "your name",
  oninput: (event) => fileStore.name(event.target.value) });
nameInput.value = fileStore.reviewer;
nameInput.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === "Escape") nameInput.blur(); });
tell(fileStore);
addEventListener("beforeunload", (event) => { if (fileStore.lines.length && !fileStore.isKept) event.preventDefault(); });
const extra = el("div", { class: "take" }, nameInput, button(["download ", words], () => download(fileStore), { class: "download" }));
new App(page, fileStore, await fileStore.session(), extra).start();
