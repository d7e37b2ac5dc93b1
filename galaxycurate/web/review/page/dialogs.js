// Windows above the page: the list of keys, and a choice by key or by typing.

import { el, fill, key } from "./dom.js";

const KEYS = [
  ["Walk", [[["←", "→"], "the picture before, the next one"], [["f"], "the first one not decided on"], [["g"], "grid or single picture"]]],
  ["Look", [[["z"], "magnify: 1, 2, 4 times; the mouse or Shift and arrows move it"], [["i"], "invert"],
    [["s"], "show or hide votes, scores and verdicts"], [["c"], "the catalogue's objects"],
    [["b"], "blink the two of a pair"], [["o"], "open the object in SkyServer"], [["?"], "this list"], [["Esc"], "close"]]],
  ["Decide", [[["Enter"], "its label is right; in the grid: all of the page but the marked ones"],
    [["1", "…", "9"], "it is this class"], [["m"], "another class, by typing"], [["x"], "reject: a reason by its number, or typed"],
    [["0"], "cannot tell"], [["d"], "duplicate: keep left, right or both"], [["u"], "undo; what was decided together, together"], [["Shift", "u"], "redo"]]],
  ["In the grid", [[["←", "→", "↑", "↓"], "another picture"], [["Space"], "mark it, or take the mark away; marks stay until decided"],
    [["1", "…", "9"], "the marked ones, or this one, are this class; so x and 0"], [["PgUp", "PgDn"], "another page"]]],
];

/** The list of keys. */
export function keysDialog() {
  const parts = KEYS.map(([title, rows]) => el("section", {}, el("h3", {}, title), el("dl", {},
    ...rows.flatMap(([names, words]) => [el("dt", {}, ...names.map(key)), el("dd", {}, words)]))));
  const columns = [parts.slice(0, 2), parts.slice(2)].map((some) => el("div", {}, ...some));
  return modal("Keys", "keys", el("div", { class: "columns" }, ...columns));
}

/** A dialog that is made once and shown when asked for. */
function modal(title, name, ...children) {
  const close = el("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => box.close() }, "✕");
  const box = el("dialog", { class: name, "aria-label": title },
    el("h2", { tabindex: -1, autofocus: true }, title), close, ...children);
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  return box;
}

const BEAT_MS = 400;

/** One of a few words, by its number, by a click, or by typing.
 *  A number waits a beat: what follows it at once is typed, as in "2 galaxies, 1 star". */
export class Chooser {
  #waiting = 0;
  #lastAt = -Infinity;

  constructor() {
    this.title = el("h2");
    this.list = el("ol", { role: "listbox", "aria-label": "choices", tabindex: -1 });
    this.input = el("input", { type: "text", maxlength: 200, autocomplete: "off", spellcheck: "false" });
    this.hint = el("p", { class: "hint", role: "status" });
    this.form = el("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); this.#typed(); } }, this.input);
    this.box = el("dialog", { class: "chooser", onkeydown: (event) => this.#key(event), onclose: () => this.#closed() },
      this.title, this.list, this.form, this.hint);
  }

  /** Ask; resolves to a word, or null where nothing was chosen.
   *  @param free whether another word may be typed; else typing filters the list
   *  @param typing whether anything may be typed
   *  @param none what to say of a typed word that there is not */
  ask(title, words, { free = false, typing = true, none = () => "" } = {}) {
    Object.assign(this, { words, free, none, shown: words });
    fill(this.title, title);
    this.box.setAttribute("aria-label", title);
    this.form.hidden = !typing;
    this.input.value = "";
    this.input.placeholder = free ? "or type another reason" : "type to find";
    fill(this.hint, typing ? "A number chooses; type, and Enter takes it; Escape leaves." : "A number chooses, Escape leaves.");
    this.#draw();
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.box.showModal();
      (typing ? this.list : this.list.querySelector("button")).focus();
      this.input.oninput = () => {
        if (free || this.numbered) return;
        this.shown = words.filter((word) => word.toLowerCase().includes(this.input.value.toLowerCase()));
        this.#draw();
      };
    });
  }

  #draw() {
    fill(this.list, ...this.shown.slice(0, 30).map((word, k) => el("li", {},
      el("button", { type: "button", onclick: () => this.#choose(word) },
        k < 9 ? key(String(k + 1)) : el("kbd", { class: "none" }), el("span", {}, word)))));
  }

  /** Whether a key belongs to what was typed when a number chose: there was no pause since. */
  swallows(event) {
    if (event.timeStamp - this.#lastAt > BEAT_MS) return false;
    this.#lastAt = event.timeStamp;
    return true;
  }

  #key(event) {
    clearTimeout(this.#waiting);
    if (event.key !== "Enter") this.numbered = "";
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && (event.key.length === 1 || event.key === "Process");
    const isAway = event.target !== this.input;
    if (isAway && event.repeat && plain) {
      event.preventDefault(); // the key that opened this is still held
    } else if (digit && plain && isAway && !this.input.value && this.words[digit[1] - 1]) {
      this.#number(event, this.words[digit[1] - 1]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.#end(null);
    } else if (event.key === "Tab" && !event.shiftKey && event.target === this.list && !this.form.hidden) {
      event.preventDefault();
      this.input.focus();
    } else if (event.key === "Enter" && event.target === this.list) {
      this.#typed();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const all = [...this.list.querySelectorAll("button")];
      const at = all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      (all[at] || (at < 0 && !this.form.hidden ? this.input : all[0]) || this.input).focus();
    } else if (plain && isAway && !this.form.hidden && !(event.key === " " && event.target !== this.list)) {
      this.input.focus(); // the browser writes the letter into it
    }
    event.stopPropagation();
  }

  /** Choose by a number: at once where nothing can be typed, else unless typing goes on. */
  #number(event, word) {
    if (this.form.hidden) {
      event.preventDefault();
      this.#choose(word);
      return;
    }
    this.input.focus();
    this.numbered = word;
    this.#waiting = setTimeout(() => {
      this.#lastAt = performance.now();
      this.#choose(word);
    }, BEAT_MS);
  }

  #typed() {
    const typed = this.input.value.trim();
    const { numbered } = this;
    const named = this.shown.find((word) => word.toLowerCase() === typed.toLowerCase()) || this.shown[0];
    if (!typed) fill(this.hint, "Press a number, or type a word and then Enter.");
    else if (numbered) this.#choose(numbered);
    else if (this.free) this.#choose(typed);
    else if (named) this.#choose(named);
    else fill(this.hint, this.none(typed));
  }

  #choose(word) { this.#end(word); }

  /** The event comes late: by then the next question may be open. */
  #closed() { if (!this.box.open) this.#end(null); }

  #end(word) {
    const resolve = this.resolve;
    this.resolve = null;
    this.numbered = "";
    clearTimeout(this.#waiting);
    if (this.box.open) this.box.close();
    // the browser takes the keyboard from what is closed with the next frame: keys may come before
    if (this.box.contains(document.activeElement)) document.activeElement.blur();
    if (resolve) resolve(word);
  }
}
