// The review: which picture is shown, alone or in the grid.

import { Chooser } from "./chooser.js";
import { Deciding } from "./deciding.js";
import { Decisions } from "./decisions.js";
import { el, fill, many } from "./dom.js";
import { Grid, PAGE } from "./grid.js";
import { Head } from "./head.js";
import { endOf, hintOf, hintOfPage } from "./hints.js";
import { Keyboard } from "./keyboard.js";
import { keysDialog } from "./keylist.js";
import { Panel } from "./panel.js";
import { Shelf } from "./shelf.js";
import { Viewer } from "./viewer.js";

const PATIENCE_MS = 2000;

/** One open review in a page. */
export class App {
  view = "single";
  shown = null;
  aside = null; // a pair that is looked at from a picture of it
  since = null; // when what is shown came on the screen; null before that

  constructor(root, store, session, extra = null) {
    Object.assign(this, { root, store, session, place: Math.min(session.first, session.total) });
    const say = (words) => this.say(words);
    const press = (name) => this.keyboard.press(name);
    this.shelf = new Shelf(store, session.total);
    this.viewer = new Viewer(store, this.shelf, say);
    this.grid = new Grid(store, say, (item) => this.#at(item));
    this.deciding = new Deciding(this);
    this.panel = new Panel(session, (what) => (what.key ? press(what.key) : this.deciding.decide(what)));
    this.head = new Head(session, press, extra);
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
    this.keyboard = new Keyboard(this);
    addEventListener("beforeunload", (event) => { if (this.decisions.outbox.size && !store.isStatic) event.preventDefault(); });
  }

  /** Begin where nothing is decided yet: what an earlier page could not send is decided, too. */
  async start() {
    const left = this.decisions.recover();
    const isSent = left && await this.decisions.isSent(PATIENCE_MS);
    await (isSent ? this.first() : this.go(this.place));
    const { elsewhere } = this.decisions;
    if (left) this.say(`${isSent ? "sent now" : "not saved yet"}: ${many(left, "decision")} of an earlier page`);
    else if (elsewhere.length) this.say(`Decisions that were not sent wait in this browser for the review of ${elsewhere.join(" and ")}: start that again`);
  }

  /** Tell a person who does not see the page. */
  tell(words) { fill(this.live, words); }

  /** Tell it, and show it to one who does see. */
  say(words) {
    this.tell(words);
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
    this.#tellAbout(item);
    this.#hintAbout(item);
    if (!await this.viewer.show(item) || this.item !== item) return;
    if (this.viewer.lacks(item)) this.#hintAbout(item);
    this.since = performance.now();
    requestAnimationFrame(() => { this.root.dataset.nextMs = (performance.now() - since).toFixed(1); });
    this.root.dataset.place = String(item.place);
  }

  #tellAbout(item) { this.panel.show(item, this.viewer, this.view === "grid"); }

  #hintAbout(item) {
    fill(this.hint, hintOf(item, { isAside: Boolean(this.aside), isUnseen: this.viewer.lacks(item) }));
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
    fill(this.hint, hintOfPage(this.session, start, this.grid.elsewhere));
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
    this.#tellAbout(item);
  }

  #finished() {
    const { total } = this.session;
    this.#show("end");
    this.shown = null;
    this.root.dataset.place = String(total);
    fill(this.end, ...endOf(this.session, total - this.decisions.n,
      { marked: this.grid.marked.size, isStatic: this.store.isStatic, toFirst: () => this.first() }).filter(Boolean));
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
    if (here && this.root.dataset.view !== "end") this.#tellAbout(here);
    if (here && this.root.dataset.view === "looking") this.#hintAbout(here);
  }

  async #goTo(item) {
    this.#told([item]);
    if (item.place !== null) { await this.go(item.place); return; }
    this.aside = item;
    await this.#look(item, performance.now());
  }

  /** Show a pair that dedupe saw a picture in, or say that there is none. */
  async showTwin(item) {
    if (!item.twins.length) {
      this.say(item.is_hidden ? "Twins are hidden until you decide." : "dedupe found no twin of this picture.");
      return;
    }
    const pair = await this.store.item(item.twins[0]).catch(() => null);
    if (!pair || this.item !== item) return;
    Object.assign(this, { view: "single", aside: pair, since: null });
    await this.#look(pair, performance.now());
  }

  // ---- where to go

  #base() { return Math.floor(this.place / PAGE) * PAGE; }

  /** Go so many pictures on in the grid, from page to page. */
  step(by) {
    const to = this.grid.at + by;
    if (!this.grid.move(to)) this.go(Math.min(Math.max(this.#base() + to, 0), this.session.total - 1));
  }

  /** Go to another page of the grid; after the last one comes the end. */
  turn(by) {
    const to = this.#base() + by * PAGE;
    if (to >= this.session.total && by > 0) { this.view = "single"; return this.go(this.session.total); }
    return this.go(Math.max(0, to));
  }

  /** The next place that nobody else has decided on meanwhile, where such are passed over. */
  next() {
    let to = this.place + 1;
    while (to < this.session.total && this.decisions.taken.has(to)) to += 1;
    return to;
  }

  /** Show the grid, or one picture. */
  turnView() {
    if (this.session.queue === "pairs" || this.item?.sides.length > 1) return this.say("Pairs are looked at one by one.");
    this.view = this.view === "grid" ? "single" : "grid";
    return this.go(Math.min(this.place, this.session.total - 1));
  }

  /** Go to the first picture that is not decided on. */
  async first() {
    const session = await this.store.session().catch(() => null);
    return this.go(session ? session.first : this.place);
  }

  /** End what was looked at besides. */
  escape() {
    if (this.viewer.blinking.isOn) this.viewer.endBlink();
    else if (this.aside) this.go(this.place);
  }

  // ---- how it is shown

  invert() { this.say(this.main.classList.toggle("inverted") ? "inverted" : "not inverted"); }

  score() {
    this.viewer.score();
    if (this.item) this.#tellAbout(this.item);
  }
}
