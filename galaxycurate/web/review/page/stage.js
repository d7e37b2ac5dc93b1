// One picture, large: with its scale, its directions, and what is drawn on it.

import { el, fill, svg } from "./dom.js";

const NICE_ARCSEC = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600];
const ZOOMS = [1, 2, 4];

/** A frame that shows one picture at a time. */
export class Stage {
  #zoom = 0;
  #width = 0;
  #height = 0;

  constructor(name = "picture") {
    this.sky = el("div", { class: "sky" });
    this.drawn = svg("svg", { class: "drawn", "aria-hidden": "true" });
    this.bar = el("div", { class: "bar", hidden: true });
    this.compass = compass();
    this.zoomed = el("div", { class: "zoomed", hidden: true });
    this.note = el("p", { class: "stage-note" });
    this.frame = el("div", { class: "frame", onpointermove: (event) => this.#follow(event) },
      this.sky, this.bar, this.compass, this.zoomed);
    this.root = el("figure", { class: "stage", "aria-label": name }, el("div", { class: "room" }, this.frame), this.note);
  }

  /** Show a picture that `Shelf.picture` holds; resolves when it is on the screen. */
  async show(held, side, words = "") {
    this.side = side;
    this.held = held;
    fill(this.drawn);
    if (!held.ready && !held.failed) {
      this.frame.classList.add("waiting");
      await held.promise;
      if (this.held !== held) return false;
    }
    this.frame.classList.remove("waiting");
    if (held.failed) {
      this.#width = this.#height = 1;
      fill(this.sky, el("p", { class: "absent" }, "This picture cannot be shown: its file is gone, or is no picture."));
    } else {
      [this.#width, this.#height] = side.size || [held.image.naturalWidth, held.image.naturalHeight];
      held.image.alt = words;
      fill(this.sky, held.image, this.drawn);
    }
    this.frame.style.setProperty("--ratio", this.#width / this.#height);
    this.drawn.setAttribute("viewBox", `0 0 ${this.#width} ${this.#height}`);
    this.zoom(0);
    this.#tell();
    return true;
  }

  /** Go to the next magnification, or to a given one. */
  zoom(to = (this.#zoom + 1) % ZOOMS.length) {
    this.#zoom = to;
    const times = ZOOMS[to];
    this.sky.style.transform = times > 1 ? `scale(${times})` : "";
    this.sky.classList.toggle("pixels", times > 1);
    if (times === 1) this.sky.style.transformOrigin = "";
    fill(this.zoomed, `${times} times`).hidden = times === 1;
    this.#measure();
    return times;
  }

  /** Move a magnified picture by shares of the frame. */
  pan(right, down) {
    if (!this.#zoom) return;
    const [x, y] = (this.sky.style.transformOrigin || "50% 50%").split(" ").map(parseFloat);
    this.#look(x + right, y + down);
  }

  #follow(event) {
    if (!this.#zoom) return;
    const box = this.frame.getBoundingClientRect();
    this.#look(100 * (event.clientX - box.left) / box.width, 100 * (event.clientY - box.top) / box.height);
  }

  #look(x, y) {
    const held = (value) => Math.min(100, Math.max(0, value));
    this.sky.style.transformOrigin = `${held(x)}% ${held(y)}%`;
  }

  #measure() {
    const width = this.held.failed ? 0 : (this.side.pixscale || 0) * this.#width / ZOOMS[this.#zoom];
    const length = NICE_ARCSEC.filter((nice) => nice <= width * 0.36).pop();
    this.bar.hidden = !length;
    if (!length) return;
    const words = length < 60 ? `${length} arcsec` : `${length / 60} arcmin`;
    fill(this.bar, el("span", {}, words));
    this.bar.style.width = `${100 * length / width}%`;
  }

  #tell() {
    const { failed } = this.held;
    this.compass.toggleAttribute("hidden", failed || !this.side.north_up);
    if (failed) { fill(this.note); return; }
    const { pixscale, north_up: isNorthUp, isHidden } = this.side;
    const size = isHidden ? null : `${this.#width} x ${this.#height} px`; // it tells the source
    const why = isHidden ? "not shown" : "not known";
    const told = [size, pixscale ? null : `scale ${why}`, isNorthUp ? null : `orientation ${why}`];
    fill(this.note, told.filter(Boolean).join(", "));
  }

  /** Draw what a catalogue or an audit says; places are from the picture's middle. */
  mark(marks, kind) {
    const unit = Math.max(this.#width, this.#height) / 100;
    const group = svg("g", { class: kind, transform: `translate(${this.#width / 2} ${this.#height / 2})` });
    for (const one of marks) group.append(...drawing(one, unit, one.x > this.#width * 0.4));
    this.drawn.querySelector(`g.${kind}`)?.remove();
    this.drawn.append(group);
  }

  /** Take such drawings away. */
  unmark(kind) { this.drawn.querySelector(`g.${kind}`)?.remove(); }

  /** Outline a part, by its corners. */
  outline(corners) {
    this.drawn.append(svg("polygon", { class: "common", points: corners.map((at) => at.join(",")).join(" ") }));
  }
}

/** A shape and its words, which stand to the left of it near the right border. */
function drawing(one, unit, isLeft) {
  const radius = Math.max(one.radius, 2.2 * unit);
  const magnitude = one.r === null ? "" : one.r.toFixed(1);
  const words = [one.kind, magnitude && `r ${magnitude}`, one.objid, one.words].filter(Boolean).join(", ");
  const about = { transform: `translate(${one.x} ${one.y})` };
  const shape = one.kind === "star"
    ? svg("path", { ...about, class: "star", d: `M${-2 * unit} 0H${-0.7 * unit}M${0.7 * unit} 0H${2 * unit}M0 ${-2 * unit}V${-0.7 * unit}M0 ${0.7 * unit}V${2 * unit}` })
    : svg("circle", { ...about, class: one.kind === "galaxy" ? "galaxy" : "found", r: radius });
  shape.append(svg("title", {}, words));
  const reach = one.kind === "star" ? 2 * unit : Math.min(radius, 12 * unit);
  const isListed = one.kind === "galaxy" || one.kind === "star"; // what an audit found is told below it
  const [aside, up] = [reach * 0.75 + 0.5 * unit, isListed ? -reach * 0.75 : reach * 0.75 + 1.7 * unit];
  const label = svg("text", { x: one.x + (isLeft ? -aside : aside), y: one.y + up, "font-size": 2.1 * unit, "text-anchor": isLeft ? "end" : null },
    isListed ? magnitude : [one.kind, magnitude].filter(Boolean).join(" "));
  return [shape, label];
}

function compass() {
  return svg("svg", { class: "compass", viewBox: "0 0 64 64", role: "img", "aria-label": "north is up, east is to the left", hidden: true },
    svg("path", { d: "M50 50V18M50 50H18M45 23L50 15L55 23M23 45L15 50L23 55" }),
    svg("text", { x: 50, y: 11, "text-anchor": "middle" }, "N"),
    svg("text", { x: 8, y: 54, "text-anchor": "middle" }, "E"));
}
