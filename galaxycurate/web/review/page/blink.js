// Two pictures in one place, one after the other, the second as it lies on the first.

import { el, fill, svg } from "./dom.js";

const EVERY_MS = 480;

/** Shows the two of a pair in turns. */
export class Blink {
  #timer = 0;

  constructor() {
    this.drawn = svg("svg", { class: "blink-sky", role: "img", "aria-label": "the two pictures in turns" });
    this.which = el("p", { class: "which" });
    this.root = el("figure", { class: "stage blink", hidden: true },
      el("div", { class: "room" }, el("div", { class: "frame" }, this.drawn, this.which)),
      el("p", { class: "stage-note" }));
  }

  get isOn() { return !this.root.hidden; }

  /** Begin; show the other one where nothing moves by itself. */
  start(urls, common, sizes) {
    if (this.isOn && this.isStill) return this.#turn();
    const [width, height] = common ? common.sizes[0] : sizes[0];
    const second = common ? common.sizes[1] : [width, height];
    const matrix = common ? `matrix(${common.matrix.join(" ")})` : null;
    this.first = svg("image", { href: urls[0], width, height, preserveAspectRatio: "none" });
    this.second = svg("image", { href: urls[1], width: second[0], height: second[1], transform: matrix, preserveAspectRatio: "none" });
    fill(this.drawn, this.first, this.second,
      common ? svg("polygon", { class: "common", points: common.outlines[0].map((at) => at.join(",")).join(" ") }) : null);
    this.drawn.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.drawn.parentElement.style.setProperty("--ratio", width / height);
    fill(this.root.querySelector(".stage-note"), common
      ? "The right picture as it lies on the left one; b or Escape ends it."
      : "How they lie on each other is not known: each fills the frame; b or Escape ends it.");
    this.root.hidden = false;
    this.isSecond = true;
    this.#turn();
    if (!this.isStill) this.#timer = setInterval(() => this.#turn(), EVERY_MS);
    return true;
  }

  stop() {
    clearInterval(this.#timer);
    this.root.hidden = true;
  }

  /** Whether nothing on the screen may move by itself. */
  get isStill() { return matchMedia("(prefers-reduced-motion: reduce)").matches; }

  #turn() {
    this.isSecond = !this.isSecond;
    this.second.classList.toggle("away", !this.isSecond);
    fill(this.which, this.isSecond ? "right" : "left");
    return true;
  }
}
