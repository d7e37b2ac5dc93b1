// The window that asks for a word: by its number, by a click, or by typing.

import { el, fill, key } from "./dom.js";

const TYPING = "A number marks, Enter takes it. Anything else is typed, also what begins with a number. Escape leaves.";
const ONLY_NUMBERS = "A number chooses, Escape leaves.";

/** One of a few words. Where words can be typed, a number by itself only marks one, and Enter takes it: whoever
 *  types on, however slowly, writes a word that begins with it. */
export class Chooser {
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
    Object.assign(this, { words, free, none, shown: words, numbered: undefined });
    fill(this.title, title);
    this.box.setAttribute("aria-label", title);
    this.form.hidden = !typing;
    this.input.value = "";
    this.input.placeholder = free ? "or type another reason" : "type to find";
    this.#draw();
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.box.showModal();
      (typing ? this.list : this.list.querySelector("button")).focus();
      this.input.oninput = () => {
        const typed = this.input.value.toLowerCase();
        this.shown = free || this.#marked ? words : words.filter((word) => word.toLowerCase().includes(typed));
        this.#draw();
      };
    });
  }

  /** The word whose number is all that was typed. */
  get #marked() { return this.input.value.length === 1 ? this.numbered : undefined; }

  /** What Enter takes; empty where that is nothing. */
  get #word() {
    const typed = this.input.value.trim();
    if (!typed) return "";
    const named = this.#marked || this.words.find((word) => word.toLowerCase() === typed.toLowerCase());
    return named || (this.free ? typed : this.shown[0]) || "";
  }

  #draw() {
    const taken = this.#word;
    const hasNumbers = !this.input.value || this.#marked; // where a word is typed they are signs of it
    fill(this.list, ...this.shown.slice(0, 30).map((word, k) => {
      const isMarked = word === taken;
      return el("li", {}, el("button", { type: "button", class: isMarked ? "marked" : null, onclick: () => this.#end(word) },
        el("kbd", { class: hasNumbers && k < 9 ? null : "none" }, String(k + 1)), el("span", {}, word), isMarked ? key("Enter") : null));
    }));
    const words = `Enter takes: ${taken}.${this.#marked ? " Type on for another word." : ""}`;
    fill(this.hint, taken ? words : this.form.hidden ? ONLY_NUMBERS : TYPING);
  }

  #key(event) {
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && (event.key.length === 1 || event.key === "Process");
    const isAway = event.target !== this.input;
    if (plain && !this.input.value) this.numbered = digit ? this.words[digit[1] - 1] : undefined; // by its place: not all keyboards write a digit there
    if (isAway && event.repeat && plain) {
      event.preventDefault(); // the key that opened this is still held
    } else if (digit && plain && this.form.hidden && this.words[digit[1] - 1]) {
      event.preventDefault();
      this.#end(this.words[digit[1] - 1]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.#end(null);
    } else if (event.key === "Enter" && event.target === this.list) {
      this.#typed();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const all = [...this.list.querySelectorAll("button")];
      const at = all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      (all[at] || (at < 0 && !this.form.hidden ? this.input : all[0]) || this.input).focus();
    } else if (plain && isAway && !this.form.hidden && event.key !== " ") {
      this.input.focus(); // the browser writes the letter into it
    }
    event.stopPropagation();
  }

  #typed() {
    const typed = this.input.value.trim();
    if (this.#word) this.#end(this.#word);
    else fill(this.hint, typed ? this.none(typed) : "Press a number, or type a word; then Enter.");
  }

  /** The event comes late: by then the next question may be open. */
  #closed() { if (!this.box.open) this.#end(null); }

  #end(word) {
    const resolve = this.resolve;
    this.resolve = null;
    if (this.box.open) this.box.close();
    // the browser takes the keyboard from what is closed with the next frame: keys may come before
    if (this.box.contains(document.activeElement)) document.activeElement.blur();
    if (resolve) resolve(word);
  }
}
