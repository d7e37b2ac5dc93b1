// What a person says of what is looked at: whether it can be taken, and what it is about.

import { count } from "./dom.js";
import { KEEPS, stateOf } from "./said.js";

const OF_A_PAIR = "Of a pair choose what to keep: 1 left, 2 right, 3 both.";

/** Makes decisions of keys and clicks. */
export class Deciding {
  constructor(app) { this.app = app; }

  get #isGrid() { return this.app.view === "grid"; }

  /** What a decision is about: in the grid the marked ones. */
  get #meant() { return this.#isGrid ? this.app.grid.meant : [this.app.item].filter(Boolean); }

  /** Whether a decision can be taken now; says why not. */
  #isOpen() {
    const { app } = this;
    if (app.since === null) app.say(`Not decided: ${this.#isGrid ? "the pictures are" : "the picture is"} not on the screen yet.`);
    else if (app.decisions.isFull) app.say("Nothing more is taken until the server answers: what you decided is kept here.");
    else if (app.store.reviewer === "") {
      app.say("Not decided: type your name first, it goes into every decision.");
      app.root.querySelector("header input").focus();
    } else return true;
    return false;
  }

  /** Whether all of these can be seen: nobody knows the class of what cannot be; says so. */
  #isSeen(items) {
    const { grid, viewer } = this.app;
    const unseen = items.filter((item) => (this.#isGrid ? grid.failed.has(item.key) : viewer.lacks(item))).length;
    if (unseen) this.app.say(`Not decided: ${this.#isGrid ? `${count(unseen)} of these` : "this picture"} cannot be shown. x rejects, 0 if you cannot tell.`);
    return !unseen;
  }

  /** Decide on what keys are about, and go on. What is not on the screen yet is not decided on. */
  decide(what, since = performance.now(), meant = this.#meant) {
    const { app } = this;
    if (!meant.length || !this.#isOpen() || (what.kind === "label" && !this.#isSeen(meant))) return;
    const words = stateOf(meant[0], { reason: "", ...what }).words;
    this.#send(meant.map((item) => [item, what]));
    if (this.#isGrid) {
      app.grid.move(app.grid.at);
      app.say(`${meant.length > 1 ? `${count(meant.length)} pictures` : "this picture"}: ${words}`);
      return;
    }
    app.go(app.aside ? app.place : app.next(), since);
    app.tell(words);
  }

  #send(pairs) {
    const { app } = this;
    pairs.forEach(([item]) => app.grid.marked.delete(item.key));
    app.decisions.add(pairs, performance.now() - app.since);
    app.head.beat(pairs.length);
    app.head.show(app.decisions.n, app.place);
  }

  /** Decide by a number: a class, or what to keep of a pair. */
  number(n, since) {
    const { app } = this;
    const isPair = !this.#isGrid && app.item?.sides.length > 1;
    const keep = Object.keys(KEEPS)[n - 1];
    const label = app.session.classes[n - 1];
    if (isPair && keep) this.decide({ kind: "pair", keep }, since);
    else if (!isPair && label) this.decide({ kind: "label", label }, since);
    else app.say(isPair ? OF_A_PAIR : `There is no class ${n}.`);
  }

  /** Its label is right. */
  accept(since) {
    const { item } = this.app;
    if (!item) return;
    if (item.sides.length > 1) this.app.say(OF_A_PAIR);
    else if (!item.sides[0].label) this.app.say("The label is hidden: choose a class by its number.");
    else this.decide({ kind: "label", label: item.sides[0].label }, since);
  }

  /** The labels of a page of the grid are right, but for those of what is marked. */
  acceptPage() {
    const { app } = this;
    if (app.session.blind) return app.say("Labels are hidden: mark pictures and choose a class by its number.");
    if (!this.#isOpen()) return undefined;
    const { rest, unseen } = app.grid;
    if (rest.length) this.#send(rest.map((item) => [item, { kind: "label", label: item.sides[0].label }]));
    if (!unseen || app.grid.isWarned) return app.turn(1);
    app.grid.isWarned = true;
    return app.say(`${count(unseen)} cannot be shown, and ${unseen > 1 ? "are" : "is"} not decided on: mark and reject, or go on with Enter`);
  }

  /** No picture for the dataset, for a reason that is asked for. */
  reject() { return this.#ask("Reject because", this.app.session.reasons, { free: true }, (reason) => ({ kind: "reject", reason })); }

  /** A class that is asked for. */
  classify() { return this.#ask("It is", this.app.session.classes, { none: noClass }, (label) => ({ kind: "label", label })); }

  async #ask(title, words, how, what) {
    const meant = this.#meant;
    if (!meant.length) return;
    if (meant[0].sides.length > 1) this.app.say(`${OF_A_PAIR} Class and reject are for single pictures.`);
    if (meant[0].sides.length > 1 || !this.#isOpen()) return;
    const word = await this.app.chooser.ask(title, words, how);
    if (word) this.decide(what(word), performance.now(), meant);
  }

  /** What to keep of a pair; of a picture by itself, the pair that dedupe saw it in. */
  async duplicate() {
    const { item } = this.app;
    if (!item) return;
    if (item.sides.length < 2) { await this.app.showTwin(item); return; }
    const words = await this.app.chooser.ask("Duplicate", Object.values(KEEPS), { typing: false });
    const keep = Object.keys(KEEPS).find((one) => KEEPS[one] === words);
    if (keep) this.decide({ kind: "pair", keep }, performance.now(), [item]);
  }

  undo() { if (!this.app.decisions.undo()) this.app.say("There is nothing to undo."); }

  redo() { if (!this.app.decisions.redo()) this.app.say("There is nothing to redo."); }
}

/** What to say of a typed class that there is not. */
function noClass(typed) {
  return `No class is called ${typed}: start the review with --new-class ${typed}.`;
}
