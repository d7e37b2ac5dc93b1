// What the ledger does not have: decisions that were not taken, and those that cannot be sent now.

import { button, count, el, fill } from "./dom.js";
import { download } from "./lines.js";

/** A strip below the head; what was not taken stays in it until a person has it as a file. */
export class Unsent {
  #refused = [];
  #waiting = [];

  /** @param place where they are kept, of localStorage; empty for nowhere */
  constructor(place = "") {
    this.place = ownPlace(place);
    this.words = el("span");
    this.forget = button("forget them", () => this.#keep([]), { class: "forget", hidden: true });
    this.root = el("div", { class: "unsent", role: "status", hidden: true }, this.words,
      button("download them", () => this.#give(), { class: "download" }), this.forget);
    const [kept, taken] = takeOver(place);
    this.#keep(unlike(kept.filter((one) => one?.line)));
    taken();
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

const TAB = `#${Math.random().toString(36).slice(2, 10)}`;

/** The place of this tab alone: another one of the same review has its own. */
export function ownPlace(place) { return place && place + TAB; }

/** A place without its tab. */
export function commonPlace(place) { return place.replace(/#[^#]*$/, ""); }

/** What all tabs of a place kept, the closed ones, too; and what forgets it there once it is kept here. */
export function takeOver(place) {
  if (!place) return [[], () => {}];
  let places = [];
  try {
    places = Object.keys(localStorage).filter((one) => commonPlace(one) === place && one !== ownPlace(place));
  } catch { /* forbidden */ }
  return [places.sort().flatMap(keptList), () => places.forEach((one) => keepList(one, []))];
}

/** Lines that two tabs kept, once. */
function unlike(refused) {
  return [...new Map(refused.map((one) => [one.line.uid, one])).values()];
}

/** A list that localStorage keeps; empty where there is none, or it is damaged. */
function keptList(place) {
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
