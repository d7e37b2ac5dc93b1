// One picture, or the two of a pair, and the ways to look at them.

import { Blink } from "./blink.js";
import { count, el } from "./dom.js";
import { Stage } from "./stage.js";

/** Shows an item, large. */
export class Viewer {
  withScore = true;
  item = null;

  /** @param say tells a person something */
  constructor(store, shelf, say) {
    Object.assign(this, { store, shelf, say });
    this.stages = [new Stage("left picture"), new Stage("right picture")];
    this.blinking = new Blink();
    this.root = el("div", { class: "looking" }, ...this.stages.map((stage) => stage.root), this.blinking.root);
  }

  /** Put an item on the screen; false where another one came meanwhile. */
  async show(item) {
    this.item = item;
    const isPair = item.sides.length > 1;
    this.blinking.stop();
    this.root.classList.toggle("pair", isPair);
    this.root.classList.remove("with-objects");
    this.stages.forEach((stage, k) => { stage.root.hidden = k > 0 && !isPair; });
    const shown = await Promise.all(item.sides.map((side, k) => this.stages[k].show(
      this.shelf.picture(this.store.picture(item.key, k)), { ...side, isHidden: item.is_hidden }, side.name || "the picture")));
    if (this.item !== item || !shown[0]) return false;
    if (item.common) item.common.outlines.forEach((corners, k) => this.stages[k].outline(corners));
    this.#markFound();
    return true;
  }

  /** Whether a picture of an item that is on the screen cannot be shown. */
  lacks(item) { return this.item?.key === item.key && item.sides.some((_, k) => this.stages[k].held?.failed); }

  /** What the audit found in a picture; two pictures are looked at for what they share. */
  #markFound() {
    const marks = this.withScore && this.item?.sides.length === 1 ? this.item.sides[0].marks : [];
    if (marks.length) this.stages[0].mark(marks, "audit"); else this.stages[0].unmark("audit");
  }

  /** Show or hide what could sway a person. */
  score() {
    this.withScore = !this.withScore;
    this.#markFound();
    this.say(this.withScore ? "votes, scores and verdicts are shown" : "votes, scores and verdicts are hidden");
  }

  /** The next magnification. */
  zoom() {
    const times = this.stages.map((stage) => stage.side && stage.zoom())[0];
    this.say(times > 1 ? `magnified ${times} times` : "the whole picture");
  }

  /** Move what is magnified. */
  pan(right, down) { this.stages.forEach((stage) => stage.pan(right, down)); }

  /** Ask for the catalogue's objects, or take them away. */
  async objects() {
    if (this.root.classList.contains("with-objects")) {
      this.root.classList.remove("with-objects");
      this.stages.forEach((stage) => stage.unmark("objects"));
      return this.say("no objects");
    }
    const { item } = this;
    if (!item) return undefined;
    this.say("asking the catalogue");
    const told = await Promise.all(item.sides.map((_, k) => this.store.objects(item.key, k).catch((error) => ({ error: error.message }))));
    if (this.item !== item) return undefined;
    told.forEach((one, k) => { if (one.marks) this.stages[k].mark(one.marks, "objects"); });
    this.root.classList.toggle("with-objects", told.some((one) => one.marks));
    return this.say(told.map((one) => (one.error ? `No objects: ${one.error}`
      : `${count(one.marks.length)} objects: circles are galaxies, crosses stars, numbers r [mag]; from ${one.archive}.`)).join(" "));
  }

  /** Begin or end to show the two of a pair in turns. */
  blink() {
    if (this.blinking.isOn && !this.blinking.isStill) return this.endBlink();
    const { item } = this;
    if (!item || item.sides.length < 2) return this.say("Only pairs blink.");
    const urls = item.sides.map((_, k) => this.store.picture(item.key, k));
    const images = urls.map((url) => this.shelf.picture(url).image);
    this.stages.forEach((stage) => { stage.root.hidden = true; });
    return this.blinking.start(urls, item.common, images.map((image) => [image.naturalWidth, image.naturalHeight]));
  }

  endBlink() {
    this.blinking.stop();
    this.stages.forEach((stage) => { stage.root.hidden = false; });
  }

  /** Open the object in SkyServer, where that is known. */
  open(isSimulated) {
    const link = this.item?.sides.map((side) => side.link).find(Boolean);
    if (link) open(link, "_blank", "noopener,noreferrer");
    else if (this.item?.is_hidden) this.say("The object is hidden until you decide.");
    else this.say(isSimulated ? "The sky is simulated: SkyServer does not know it." : "No objID is known: there is nothing to open.");
  }
}
