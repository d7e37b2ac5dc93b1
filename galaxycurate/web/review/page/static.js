// Begins a review that lies in one file: decisions stay in this browser until they are downloaded.

import { App } from "./app.js";
import { button, count, el, fill } from "./dom.js";
import { download } from "./lines.js";

/** Items and pictures of the page itself; decisions kept by the browser. */
class FileStore {
  isStatic = true;
  lines = [];
  isKept = true;

  constructor(held, changed) {
    Object.assign(this, { held, changed, place: `galaxycurate-review-page:${held.id}` });
    this.byKey = new Map(held.items.map((item) => [item.key, item]));
    this.reviewer = held.session.reviewer;
    try {
      const kept = JSON.parse(localStorage.getItem(this.place) || "{}");
      this.lines = Array.isArray(kept.lines) ? kept.lines : [];
      this.reviewer = kept.reviewer || this.reviewer;
    } catch { this.isKept = false; }
    this.#settle();
  }

  async session() {
    const { items } = this.held;
    const first = items.findIndex((item) => !this.mine.has(item.key));
    return { ...this.held.session, history: [...this.history], decided: this.mine.size, first: first < 0 ? items.length : first };
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

  /** Take another reviewer's name; lines keep that of who decided. */
  name(reviewer) {
    this.reviewer = reviewer.trim();
    this.#keep();
  }

  #keep() {
    this.#settle();
    try { localStorage.setItem(this.place, JSON.stringify({ lines: this.lines, reviewer: this.reviewer })); } catch { this.isKept = false; }
    this.changed(this);
  }

  /** What the reviewer said, and did not take back. */
  #settle() {
    const undone = new Set();
    const left = [];
    for (const line of this.lines.filter((one) => one.reviewer === this.reviewer).reverse()) {
      if (undone.has(line.uid)) continue;
      if (line.kind === "undo") undone.add(line.undoes);
      else left.push(line);
    }
    left.reverse();
    this.history = left.map((line) => [line.uid, line.key]);
    this.mine = new Map(left.map((line) => [line.key, line]));
  }

  #shown(item) {
    const mine = this.mine.get(item.key);
    return { ...item, mine: mine ? { label: "", reason: "", keep: "", ...mine } : null };
  }
}

const page = document.getElementById("review");
const words = el("span");
const tell = (store) => fill(words, store.lines.length ? `decisions.csv (${count(store.lines.length)})` : "decisions.csv",
  store.isKept ? "" : ", not kept when the page is closed");
const fileStore = new FileStore(JSON.parse(document.getElementById("held").textContent), tell);
const nameInput = el("input", { type: "text", maxlength: 40, placeholder: "your name", "aria-label": "your name",
  onchange: (event) => {
    fileStore.name(event.target.value);
    if (fileStore.lines.length) app.restart(); // each has their own progress
  } });
nameInput.value = fileStore.reviewer;
nameInput.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === "Escape") nameInput.blur(); });
tell(fileStore);
addEventListener("beforeunload", (event) => { if (fileStore.lines.length && !fileStore.isKept) event.preventDefault(); });
const extra = el("div", { class: "take" }, nameInput, button(["download ", words], () => download(fileStore.lines, "decisions.csv"), { class: "download" }));
const app = new App(page, fileStore, await fileStore.session(), extra);
app.start();
