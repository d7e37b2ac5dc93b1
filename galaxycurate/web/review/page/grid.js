// Six by six pictures at once.

import { el, fill } from "./dom.js";
import { stateOf } from "./said.js";

export const ACROSS = 6;
export const PAGE = ACROSS * ACROSS;

/** A page of small pictures; one has the keyboard, any number are marked. */
export class Grid {
  marked = new Set(); // keys of items, of all pages: a mark stays until its item is decided on
  failed = new Set();
  at = 0;
  items = [];

  /** @param say tells a person something; @param moved with the item that keys are about */
  constructor(store, say, moved) {
    Object.assign(this, { store, say, moved });
    this.rows = el("div", { class: "grid", role: "grid", "aria-label": "pictures" });
    this.root = el("div", { class: "grid-room", hidden: true }, this.rows);
  }

  /** Show items; the one at a number of the page has the keyboard.
   *  Resolves when every picture is on the screen, or known not to come; false where other items came meanwhile. */
  async show(items, at = 0) {
    this.items = items;
    this.failed.clear();
    this.isWarned = false;
    this.rows.setAttribute("aria-busy", "true");
    const rows = [];
    for (let start = 0; start < items.length; start += ACROSS) {
      rows.push(el("div", { role: "row", class: "grid-row" },
        ...items.slice(start, start + ACROSS).map((item, k) => this.#tile(item, start + k))));
    }
    fill(this.rows, ...rows);
    this.move(Math.min(Math.max(at, 0), items.length - 1));
    await Promise.all([...this.rows.querySelectorAll("img")].map((image, k) => image.decode().catch(() => this.#fail(items, k))));
    if (this.items !== items) return false;
    this.rows.setAttribute("aria-busy", "false");
    return true;
  }

  #fail(items, k) {
    if (this.items !== items) return;
    this.failed.add(items[k].key);
    this.#draw(k);
  }

  /** Draw the state of an item anew. */
  update(item) {
    const k = this.items.findIndex((one) => one.key === item.key);
    if (k < 0) return;
    this.items[k] = item;
    this.#draw(k);
  }

  #tile(item, k) {
    return el("div", { role: "gridcell" }, el("button", {
      type: "button", class: "tile", tabindex: -1,
      onmousedown: (event) => event.preventDefault(), onclick: () => { this.move(k); this.toggle(); },
    }, el("img", { src: this.store.small(item.key), alt: "", draggable: "false", loading: "eager" }),
    el("span", { class: "mark", "aria-hidden": "true" }, "marked"), el("span", { class: "badge" })));
  }

  #tiles() { return [...this.root.querySelectorAll(".tile")]; }

  #draw(k) {
    const tile = this.#tiles()[k];
    const item = this.items[k];
    const { shape, sign, words, short } = stateOf(item);
    const isMarked = this.marked.has(item.key);
    const label = item.sides[0].label || "label hidden";
    const failed = this.failed.has(item.key) ? "no picture" : "";
    tile.className = `tile ${shape}${isMarked ? " marked" : ""}${failed ? " failed" : ""}`;
    tile.setAttribute("aria-pressed", String(isMarked));
    tile.setAttribute("aria-label", [label, words, failed, isMarked ? "marked" : ""].filter(Boolean).join(", "));
    tile.title = item.sides[0].path;
    fill(tile.querySelector(".badge"), el("b", { "aria-hidden": "true" }, sign), shape === "none" ? failed || item.sides[0].label : short);
  }

  /** Give a picture the keyboard; false where there is none. */
  move(to) {
    if (to < 0 || to >= this.items.length) return false;
    this.at = to;
    this.#tiles().forEach((tile, k) => { tile.tabIndex = k === to ? 0 : -1; this.#draw(k); });
    this.#tiles()[to].focus({ preventScroll: true });
    this.moved(this.items[to]);
    return true;
  }

  /** Mark the picture that has the keyboard, or take the mark away. */
  toggle() {
    const { key } = this.items[this.at];
    if (!this.marked.delete(key)) this.marked.add(key);
    this.#draw(this.at);
    const n = this.items.filter((item) => this.marked.has(item.key)).length;
    this.say(n ? `${n} marked: a class, x or 0 is for these; Enter accepts the others` : "nothing is marked");
  }

  /** What a key is about: the marked ones of the page, or else the one that has the keyboard. */
  get meant() {
    const marked = this.items.filter((item) => this.marked.has(item.key));
    return marked.length ? marked : [this.items[this.at]].filter(Boolean);
  }

  /** How many are marked on other pages. */
  get elsewhere() { return this.marked.size - this.items.filter((item) => this.marked.has(item.key)).length; }

  /** What is neither marked nor decided, and was seen. */
  get rest() { return this.items.filter((item) => !this.marked.has(item.key) && !this.failed.has(item.key) && !item.mine); }

  /** How many pictures cannot be shown and are neither marked nor decided. */
  get unseen() { return this.items.filter((item) => this.failed.has(item.key) && !this.marked.has(item.key) && !item.mine).length; }
}
