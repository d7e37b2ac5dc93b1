// What the ledger does not have: decisions that were not taken, and those that cannot be sent now.

import { button, count, el, fill } from "./dom.js";
import { download } from "./lines.js";

/** A strip below the head; what was not taken stays in it until a person has it as a file. */
export class Unsent {
  #refused = [];
  #waiting = [];

  /** @param place where they are kept, of localStorage; empty for nowhere */
  constructor(place = "") {
    this.place = place;
    this.words = el("span");
    this.forget = button("forget them", () => this.#keep([]), { class: "forget", hidden: true });
    this.root = el("div", { class: "unsent", role: "status", hidden: true }, this.words,
      button("download them", () => this.#give(), { class: "download" }), this.forget);
    this.#keep(keptList(place).filter((one) => one?.line));
  }

  /** Set a line aside that the server did not take, and why. */
  refuse(line, why) { this.#keep([...this.#refused, { line, why }]); }

  /** Tell what cannot be sent now; nothing where all goes well. */
  wait(lines) {
    this.#waiting = lines;
    this.#draw();
  }

  #keep(refused) {
    this.#refused = refused;
    this.forget.hidden = true;
    keepList(this.place, refused);
    this.#draw();
  }

  #draw() {
    const [refused, waiting] = [this.#refused, this.#waiting];
    this.root.hidden = !refused.length && !waiting.length;
    fill(this.words, [
      refused.length ? `${count(refused.length)} not taken: ${refused.at(-1).why}.` : "",
      waiting.length ? `${count(waiting.length)} not sent yet: kept here until the server answers.` : "",
    ].filter(Boolean).join(" "));
  }

  #give() {
    download([...this.#refused.map(({ line }) => line), ...this.#waiting], "not-taken.csv");
    this.forget.hidden = !this.#refused.length;
  }
}

/** A list that localStorage keeps; empty where there is none, or it is damaged. */
export function keptList(place) {
  try {
    const list = JSON.parse(localStorage.getItem(place) || "[]");
    return Array.isArray(list) ? list : [];
  } catch { return []; }
}

/** Keep a list in localStorage; without room it stays in memory alone. */
export function keepList(place, list) {
  if (!place) return;
  try {
    if (list.length) localStorage.setItem(place, JSON.stringify(list));
    else localStorage.removeItem(place);
  } catch { /* no room, or forbidden */ }
}
