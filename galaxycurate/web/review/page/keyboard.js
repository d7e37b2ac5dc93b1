// Keys: what each of them does, in a picture by itself and in the grid.

import { ACROSS } from "./grid.js";

/** Hears every key that no window takes, and does what it stands for. */
export class Keyboard {
  constructor(app) {
    this.app = app;
    document.addEventListener("keydown", (event) => this.#heard(event));
  }

  #heard(event) {
    const { keys, chooser } = this.app;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (keys.open && event.key === "?") { event.preventDefault(); keys.close(); return; }
    if (keys.open || chooser.box.open || event.target.closest("input, textarea, select")) return;
    const name = named(event);
    const onButton = event.target.closest("button, a, summary") && !event.target.closest(".tile");
    if (onButton && (name === "Enter" || name === " ")) return;
    if (event.repeat && !/^Arrow|^Page/.test(name)) return;
    if (this.press(name, event.timeStamp)) event.preventDefault();
  }

  /** Do what a key does; false where it does nothing. */
  press(name, since = performance.now()) {
    const act = (this.app.view === "grid" ? this.#ofGrid()[name] : undefined) || this.#ofAll(since)[name];
    if (act) act();
    else if (/^[1-9]$/.test(name)) this.app.deciding.number(Number(name), since);
    else return false;
    return true;
  }

  #ofAll(since) {
    const { app } = this;
    const { viewer, deciding } = app;
    return {
      ArrowRight: () => app.go(app.next(), since), ArrowLeft: () => app.go(app.place - 1, since),
      ShiftArrowRight: () => viewer.pan(12, 0), ShiftArrowLeft: () => viewer.pan(-12, 0),
      ShiftArrowDown: () => viewer.pan(0, 12), ShiftArrowUp: () => viewer.pan(0, -12),
      Enter: () => deciding.accept(since), 0: () => deciding.decide({ kind: "unsure" }, since),
      x: () => deciding.reject(), m: () => deciding.classify(), d: () => deciding.duplicate(),
      u: () => deciding.undo(), U: () => deciding.redo(),
      g: () => app.turnView(), f: () => app.first(),
      z: () => viewer.zoom(), i: () => app.invert(), s: () => app.score(),
      c: () => viewer.objects(), b: () => viewer.blink(), o: () => viewer.open(app.session.simulated),
      "?": () => app.keys.showModal(), Escape: () => app.escape(),
    };
  }

  #ofGrid() {
    const { app } = this;
    const single = () => app.say("g shows the picture alone: look closer there");
    return {
      ArrowRight: () => app.step(1), ArrowLeft: () => app.step(-1), ArrowDown: () => app.step(ACROSS), ArrowUp: () => app.step(-ACROSS),
      PageDown: () => app.turn(1), PageUp: () => app.turn(-1),
      " ": () => app.grid.toggle(), Enter: () => app.deciding.acceptPage(), z: single, c: single, b: single, o: single,
    };
  }
}

/** What a key is called here: digits by their place, letters small, Shift before arrows and in U. */
function named(event) {
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  const name = digit && event.key !== "?" ? digit[1] : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (name === "u" && event.shiftKey) return "U";
  return name.startsWith("Arrow") && event.shiftKey ? `Shift${name}` : name;
}
