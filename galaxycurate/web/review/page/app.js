// The review: which picture is shown, and what keys do.

import { Decisions } from "./decisions.js";
import { Chooser, keysDialog } from "./dialogs.js";
import { button, count, el, fill, key } from "./dom.js";
import { ACROSS, Grid, PAGE } from "./grid.js";
import { Head } from "./head.js";
import { Panel } from "./panel.js";
import { KEEPS, stateOf } from "./said.js";
import { Shelf } from "./shelf.js";
import { Viewer } from "./viewer.js";

const OF_A_PAIR = "Of a pair choose what to keep: 1 left, 2 right, 3 both.";

/** One open review in a page. */
export class App {
  view = "single";
  aside = null; // a pair that is looked at from a picture of it
  since = null; // when what is shown came on the screen; null before that

  constructor(root, store, session, extra = null) {
    Object.assign(this, { root, store, session, place: Math.min(session.first, session.total) });
    const say = (words) => this.say(words);
    this.shelf = new Shelf(store, session.total);
    this.viewer = new Viewer(store, this.shelf, say);
    this.grid = new Grid(store, (n) => say(n ? `${n} marked: a class, x or 0 is for these; Enter accepts the others` : "nothing is marked"),
      (item) => this.#at(item));
    this.panel = new Panel(session, (what) => (what.key ? this.press(what.key) : this.decide(what)));
    this.head = new Head(session, (name) => this.press(name), extra);
    this.decisions = new Decisions(store, session, {
      told: (items) => this.#told(items),
      show: (item, words) => this.#goTo(item).then(() => say(words)),
      waits: (n, why) => this.head.save(n, why),
    });
    this.keys = keysDialog();
    this.chooser = new Chooser();
    this.live = el("p", { class: "live", "aria-live": "polite" });
    this.end = el("section", { class: "end", hidden: true });
    this.hint = el("footer", { class: "hint" });
    this.main = el("main", {}, this.viewer.root, this.grid.root, this.end, this.panel.root);
    fill(root, this.head.root, this.decisions.unsent.root, this.main, this.hint, this.live, this.keys, this.chooser.box);
    document.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("beforeunload", (event) => { if (this.decisions.outbox.size && !store.isStatic) event.preventDefault(); });
  }

  /** Begin where nothing is decided yet. */
  async start() {
    const left = this.decisions.recover();
    await this.go(this.place);
    const { elsewhere } = this.decisions;
    if (left) this.say(`${left} decisions of an earlier page are sent now`);
    else if (elsewhere.length) this.say(`Decisions that were not sent wait in this browser for the review of ${elsewhere.join(" and ")}: start that again`);
  }

  /** Tell a person who does not see the page, and show it to one who does. */
  say(words) {
    fill(this.live, words);
    fill(this.hint, words).title = words;
  }

  /** Begin anew: somebody else decides now. */
  async restart() {
    const session = await this.store.session();
    this.decisions.begin(session);
    this.grid.marked.clear();
    this.shelf.forget();
    return this.go(session.first);
  }

  // ---- what is shown

  /** The item that keys are about. */
  get item() { return this.aside || this.shown; }

  /** Show the picture at a place; since is when somebody asked for it. */
  async go(place, since = performance.now()) {
    const at = Math.min(Math.max(place, 0), this.session.total);
    Object.assign(this, { place: at, aside: null, since: null });
    this.head.show(this.decisions.n, at);
    if (at === this.session.total) return this.#finished();
    if (this.view === "grid") return this.#page(at);
    const item = this.shelf.peek(at) || await this.shelf.at(at).catch((error) => this.#again(at, error));
    if (this.place !== at || !item) return undefined;
    this.shown = item;
    await this.#look(item, since);
    return this.shelf.prepare(at);
  }

  /** The server did not answer: say so, and try again. */
  #again(at, error) {
    this.head.save(this.decisions.outbox.size, error.message);
    setTimeout(() => { if (this.place === at && this.view === "single") this.go(at); }, 1000);
  }

  async #look(item, since) {
    this.#show("looking");
    this.panel.show(item, this.viewer);
    this.#hintAbout(item);
    if (!await this.viewer.show(item) || this.item !== item) return;
    if (this.viewer.lacks(item)) this.#hintAbout(item);
    this.since = performance.now();
    requestAnimationFrame(() => { this.root.dataset.nextMs = (performance.now() - since).toFixed(1); });
    this.root.dataset.place = String(item.place);
  }

  #hintAbout(item) {
    const isPair = item.sides.length > 1;
    const back = this.aside ? "Escape goes back to the picture. " : "";
    const why = item.common ? "Outlined: the sky that both show. " : "";
    const keys = isPair ? "1 keeps the left one, 2 the right one, 3 both; b blinks; ? lists the keys."
      : this.viewer.lacks(item) ? "x rejects, 0 if you cannot tell: what cannot be shown gets no label."
        : item.is_hidden ? "A number chooses the class, x rejects, 0 if you cannot tell; ? lists the keys."
          : "Enter accepts the label, a number chooses a class, x rejects; arrows walk; ? lists the keys.";
    const said = `You decided on this ${isPair ? "pair" : "picture"}: ${stateOf(item).words}.`;
    fill(this.hint, `${back}${why}${item.mine ? said : keys}`);
  }

  #show(name) {
    this.viewer.root.hidden = name !== "looking";
    this.grid.root.hidden = name !== "grid";
    this.end.hidden = name !== "end";
    this.panel.root.hidden = name === "end";
    this.root.dataset.view = name;
  }

  async #page(at) {
    const start = this.#base();
    const items = await this.shelf.some(start, PAGE).catch((error) => { this.say(error.message); return []; });
    if (this.view !== "grid" || this.place !== at || !items.length) return;
    this.#show("grid");
    const isWhole = this.grid.show(items.filter(Boolean), at - start);
    const accept = this.session.blind ? "Labels are hidden: mark pictures and choose a class." : "Enter accepts the labels of all that are not marked.";
    const { elsewhere } = this.grid;
    fill(this.hint, `Page ${count(start / PAGE + 1)} of ${count(Math.ceil(this.session.total / PAGE))}. Space or a click marks. ${accept}${elsewhere ? ` ${count(elsewhere)} marked on other pages.` : ""}`);
    if (!await isWhole || this.view !== "grid" || this.#base() !== start) return;
    this.since = performance.now();
    const next = await this.shelf.some(start + PAGE, PAGE).catch(() => []);
    next.forEach((item) => item && this.shelf.picture(this.store.small(item.key)));
  }

  /** The picture of a grid that has the keyboard. */
  #at(item) {
    Object.assign(this, { shown: item, place: item.place });
    this.root.dataset.place = String(item.place);
    this.head.show(this.decisions.n, item.place);
    this.panel.show(item, this.viewer);
  }

  #finished() {
    const { total } = this.session;
    const left = total - this.decisions.n;
    this.#show("end");
    this.shown = null;
    this.root.dataset.place = String(total);
    fill(this.end, el("h2", {}, left > 0 ? "The end of the queue" : "All decided"),
      el("p", {}, left > 0 ? `${count(left)} of ${count(total)} are not decided on.` : `${count(total)} of ${count(total)}.`),
      left > 0 && this.grid.marked.size ? el("p", {}, `Marked in the grid: ${count(this.grid.marked.size)}.`) : null,
      left > 0 ? button([key("f"), "the first one left"], () => this.press("f")) : null,
      this.store.isStatic
        ? el("p", {}, "Download the decisions above; then: ", el("code", {}, "galaxycurate review --apply decisions.csv"))
        : el("p", {}, "End the review with Ctrl-C where it was started; then: ", el("code", {}, "galaxycurate split")));
    fill(this.hint, "u undoes the last decision, arrows go back.");
  }

  /** Items are other than they were. */
  #told(items) {
    for (const item of items) {
      this.shelf.update(item);
      this.grid.update(item);
      if (this.shown?.key === item.key) this.shown = item;
      if (this.aside?.key === item.key) this.aside = item;
    }
    this.head.show(this.decisions.n, this.place);
    const here = items.find((item) => item.key === this.item?.key);
    if (here && this.root.dataset.view !== "end") this.panel.show(here, this.viewer);
    if (here && this.root.dataset.view === "looking") this.#hintAbout(here);
  }

  async #goTo(item) {
    this.#told([item]);
    if (item.place !== null) { await this.go(item.place); return; }
    this.aside = item;
    await this.#look(item, performance.now());
  }

  // ---- keys

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (this.keys.open && event.key === "?") { event.preventDefault(); this.keys.close(); return; }
    if (this.keys.open || this.chooser.box.open || event.target.closest("input, textarea, select")) return;
    if (this.chooser.swallows(event)) {
      event.preventDefault();
      this.say("A number chose; what was typed right after it was not taken. u undoes the choice.");
      return;
    }
    const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
    let name = digit && event.key !== "?" ? digit[1] : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (name === "u" && event.shiftKey) name = "U";
    if (name.startsWith("Arrow") && event.shiftKey) name = `Shift${name}`;
    const onButton = event.target.closest("button, a, summary") && !event.target.closest(".tile");
    if (onButton && (name === "Enter" || name === " ")) return;
    if (event.repeat && !/^Arrow|^Page/.test(name)) return;
    if (this.press(name, event.timeStamp)) event.preventDefault();
  }

  /** Do what a key does; false where it does nothing. */
  press(name, since = performance.now()) {
    const act = (this.view === "grid" ? this.#gridKeys()[name] : undefined) || this.#commonKeys(since)[name];
    if (act) act();
    else if (/^[1-9]$/.test(name)) this.#number(Number(name), since);
    else return false;
    return true;
  }

  #commonKeys(since) {
    const { viewer } = this;
    return {
      ArrowRight: () => this.go(this.#next(), since), ArrowLeft: () => this.go(this.place - 1, since),
      ShiftArrowRight: () => viewer.pan(12, 0), ShiftArrowLeft: () => viewer.pan(-12, 0),
      ShiftArrowDown: () => viewer.pan(0, 12), ShiftArrowUp: () => viewer.pan(0, -12),
      Enter: () => this.#accept(since), 0: () => this.decide({ kind: "unsure" }, since),
      x: () => this.#ask("Reject because", this.session.reasons, { free: true }, (reason) => ({ kind: "reject", reason })),
      m: () => this.#ask("It is", this.session.classes, { none: noClass }, (label) => ({ kind: "label", label })),
      d: () => this.#duplicate(),
      u: () => this.decisions.undo() || this.say("There is nothing to undo."),
      U: () => this.decisions.redo() || this.say("There is nothing to redo."),
      g: () => this.#switch(), f: () => this.#first(),
      z: () => viewer.zoom(), i: () => this.say(this.main.classList.toggle("inverted") ? "inverted" : "not inverted"),
      s: () => { viewer.score(); if (this.item) this.panel.show(this.item, viewer); },
      c: () => viewer.objects(), b: () => viewer.blink(), o: () => viewer.open(this.session.simulated),
      "?": () => this.keys.showModal(), Escape: () => this.#escape(),
    };
  }

  #gridKeys() {
    const step = (by) => () => {
      const to = this.grid.at + by;
      if (!this.grid.move(to)) this.go(Math.min(Math.max(this.#base() + to, 0), this.session.total - 1));
    };
    const single = () => this.say("g shows the picture alone: look closer there");
    return {
      ArrowRight: step(1), ArrowLeft: step(-1), ArrowDown: step(ACROSS), ArrowUp: step(-ACROSS),
      PageDown: () => this.#turn(1), PageUp: () => this.#turn(-1),
      " ": () => this.grid.toggle(), Enter: () => this.#acceptPage(), z: single, c: single, b: single, o: single,
    };
  }

  #base() { return Math.floor(this.place / PAGE) * PAGE; }

  #turn(by) {
    const to = this.#base() + by * PAGE;
    if (to >= this.session.total && by > 0) { this.view = "single"; return this.go(this.session.total); }
    return this.go(Math.max(0, to));
  }

  /** The next place that nobody else has decided on meanwhile, where such are passed over. */
  #next() {
    let to = this.place + 1;
    while (to < this.session.total && this.decisions.taken.has(to)) to += 1;
    return to;
  }

  #switch() {
    if (this.session.queue === "pairs" || this.item?.sides.length > 1) return this.say("Pairs are looked at one by one.");
    this.view = this.view === "grid" ? "single" : "grid";
    return this.go(Math.min(this.place, this.session.total - 1));
  }

  async #first() {
    const session = await this.store.session().catch(() => null);
    if (session) this.go(session.first);
  }

  #escape() {
    if (this.viewer.blinking.isOn) this.viewer.endBlink();
    else if (this.aside) this.go(this.place);
  }

  // ---- decisions

  /** What a decision is about: in the grid the marked ones. */
  get #meant() { return this.view === "grid" ? this.grid.meant : [this.item].filter(Boolean); }

  /** Whether a decision can be taken now; says why not. */
  #isOpen() {
    if (this.since === null) this.say(`Not decided: ${this.view === "grid" ? "the pictures are" : "the picture is"} not on the screen yet.`);
    else if (this.decisions.isFull) this.say("Nothing more is taken until the server answers: what you decided is kept here.");
    else if (this.store.reviewer === "") {
      this.say("Not decided: type your name first, it goes into every decision.");
      this.root.querySelector("header input").focus();
    } else return true;
    return false;
  }

  /** Whether all of these can be seen: nobody knows the class of what cannot be; says so. */
  #isSeen(items) {
    const isGrid = this.view === "grid";
    const unseen = items.filter((item) => (isGrid ? this.grid.failed.has(item.key) : this.viewer.lacks(item))).length;
    if (unseen) this.say(`Not decided: ${isGrid ? `${count(unseen)} of these` : "this picture"} cannot be shown. x rejects, 0 if you cannot tell.`);
    return !unseen;
  }

  /** Decide on what keys are about, and go on. What is not on the screen yet is not decided on. */
  decide(what, since = performance.now(), meant = this.#meant) {
    if (!meant.length || !this.#isOpen() || (what.kind === "label" && !this.#isSeen(meant))) return;
    const words = stateOf(meant[0], { reason: "", ...what }).words;
    this.#send(meant.map((item) => [item, what]));
    if (this.view === "grid") {
      this.grid.move(this.grid.at);
      this.say(`${meant.length > 1 ? `${count(meant.length)} pictures` : "this picture"}: ${words}`);
      return;
    }
    this.go(this.aside ? this.place : this.#next(), since);
    fill(this.live, words);
  }

  #send(pairs) {
    pairs.forEach(([item]) => this.grid.marked.delete(item.key));
    this.decisions.add(pairs, performance.now() - this.since);
    this.head.beat(pairs.length);
    this.head.show(this.decisions.n, this.place);
  }

  #number(n, since) {
    const isPair = this.view !== "grid" && this.item?.sides.length > 1;
    const keep = Object.keys(KEEPS)[n - 1];
    const label = this.session.classes[n - 1];
    if (isPair && keep) this.decide({ kind: "pair", keep }, since);
    else if (!isPair && label) this.decide({ kind: "label", label }, since);
    else this.say(isPair ? OF_A_PAIR : `There is no class ${n}.`);
  }

  #accept(since) {
    const { item } = this;
    if (!item) return;
    if (item.sides.length > 1) this.say(OF_A_PAIR);
    else if (!item.sides[0].label) this.say("The label is hidden: choose a class by its number.");
    else this.decide({ kind: "label", label: item.sides[0].label }, since);
  }

  #acceptPage() {
    if (this.session.blind) return this.say("Labels are hidden: mark pictures and choose a class by its number.");
    if (!this.#isOpen()) return undefined;
    const { rest, unseen } = this.grid;
    if (rest.length) this.#send(rest.map((item) => [item, { kind: "label", label: item.sides[0].label }]));
    if (!unseen || this.grid.isWarned) return this.#turn(1);
    this.grid.isWarned = true;
    return this.say(`${count(unseen)} cannot be shown, and ${unseen > 1 ? "are" : "is"} not decided on: mark and reject, or go on with Enter`);
  }

  /** Decide by a word that is asked for. */
  async #ask(title, words, how, what) {
    const meant = this.#meant;
    if (!meant.length) return;
    if (meant[0].sides.length > 1) this.say(`${OF_A_PAIR} Class and reject are for single pictures.`);
    if (meant[0].sides.length > 1 || !this.#isOpen()) return;
    const word = await this.chooser.ask(title, words, how);
    if (word) this.decide(what(word), performance.now(), meant);
  }

  async #duplicate() {
    const { item } = this;
    if (!item) return;
    if (item.sides.length < 2) { await this.#twin(item); return; }
    const words = await this.chooser.ask("Duplicate", Object.values(KEEPS), { typing: false });
    const keep = Object.keys(KEEPS).find((one) => KEEPS[one] === words);
    if (keep) this.decide({ kind: "pair", keep }, performance.now(), [item]);
  }

  /** Show a pair that dedupe saw this picture in, or say that there is none. */
  async #twin(item) {
    if (!item.twins.length) {
      this.say(item.is_hidden ? "Twins are hidden until you decide." : "dedupe found no twin of this picture.");
      return;
    }
    const pair = await this.store.item(item.twins[0]).catch(() => null);
    if (!pair || this.item !== item) return;
    Object.assign(this, { view: "single", aside: pair, since: null });
    await this.#look(pair, performance.now());
  }
}

/** What to say of a typed class that there is not. */
function noClass(typed) {
  return `No class is called ${typed}: start the review with --new-class ${typed}.`;
}
