// What is known of a picture, and what can be said of it.

import { button, el, fill, key } from "./dom.js";
import { KEEPS, stateOf } from "./said.js";

/** The column beside the picture. */
export class Panel {
  /** @param act called with what a click asks for: {kind, ...} or {key} */
  constructor(session, act) {
    Object.assign(this, { session, act });
    this.state = el("div", { class: "state" });
    this.choices = el("div", { class: "choices", role: "group", "aria-label": "decisions" });
    this.about = el("div", { class: "about" });
    this.root = el("aside", { class: "panel", "aria-label": "about this picture" }, this.state, this.choices, this.about);
  }

  /** Show an item, and what keys do with it: in the grid Enter is for all that are not marked. */
  show(item, { withScore }, isGrid = false) {
    this.isGrid = isGrid;
    this.#state(item);
    fill(this.choices, ...(item.sides.length > 1 ? this.#ofPair(item) : this.#ofPicture(item)));
    fill(this.about, ...this.#why(item, withScore),
      ...item.sides.flatMap((side, k) => this.#side(side, item, k, withScore)), this.#others(item));
  }

  #state(item) {
    const { shape, sign, words } = stateOf(item);
    this.state.className = `state ${shape}`;
    fill(this.state, el("span", { class: "sign", "aria-hidden": "true" }, sign), el("span", {}, words));
  }

  #ofPicture(item) {
    const { classes } = this.session;
    const label = item.sides[0].label;
    const mine = item.mine;
    const rows = classes.slice(0, 9).map((name, k) => this.#choice(String(k + 1), name,
      { kind: "label", label: name }, name === label ? "its label" : name === item.suggested ? "network" : "",
      mine?.kind === "label" && mine.label === name));
    if (classes.length > 9) rows.push(this.#choice("m", `${classes.length - 9} more classes`, { key: "m" }));
    return [this.#accept(label), ...rows,
      this.#choice("x", "reject", { key: "x" }, "", mine?.kind === "reject"),
      this.#choice("0", "cannot tell", { kind: "unsure" }, "", mine?.kind === "unsure"),
      item.twins.length ? this.#choice("d", "duplicate", { key: "d" }, `${item.twins.length} found`) : null].filter(Boolean);
  }

  #accept(label) {
    if (!label) return null;
    if (this.isGrid) return this.#choice("Enter", "accept all not marked", { key: "Enter" }, "", false, "accept");
    return this.#choice("Enter", `${label} is right`, { kind: "label", label }, "", false, "accept");
  }

  #ofPair(item) {
    const mine = item.mine;
    return [...Object.entries(KEEPS).map(([keep, words], k) => this.#choice(String(k + 1), words, { kind: "pair", keep }, "",
      mine?.kind === "pair" && mine.keep === keep)),
    this.#choice("0", "cannot tell", { kind: "unsure" }, "", mine?.kind === "unsure"),
    this.#choice("b", "blink", { key: "b" })];
  }

  #choice(name, words, what, note = "", chosen = false, extra = "") {
    return button([key(name), el("span", {}, words), note ? el("em", {}, note) : null].filter(Boolean),
      () => this.act(what), { class: `choice ${extra}`, "aria-pressed": what.kind ? String(chosen) : null });
  }

  #why(item, withScore) {
    if (item.is_hidden) return [el("section", {}, el("p", { class: "quiet" }, "Label, votes, scores, verdicts and place are hidden until you decide."))];
    if (!item.why) return [];
    return [el("section", {}, el("h3", {}, "Why it waits"),
      withScore ? el("p", {}, item.why) : el("p", { class: "quiet" }, "Hidden: s shows it."))];
  }

  #side(side, item, number, withScore) {
    const rows = [];
    if (item.is_hidden && side.ra === null) return [];
    if (side.label && item.sides.length > 1) rows.push(["label", side.label]);
    if (side.objid) rows.push(["objID", copied(side.objid)]);
    if (side.ra !== null) rows.push(["ra, dec [deg]", copied(placeOf(side, 5), placeOf(side, 7))]);
    for (const fact of side.facts) rows.push(fact);
    if (side.pixscale) rows.push(["scale", `${side.pixscale.toFixed(3)} arcsec/pixel`]);
    const parts = [el("h3", {}, item.sides.length > 1 ? ["Left", "Right"][number] : "The picture"),
      side.name && side.name !== side.objid ? el("p", { class: "name" }, side.name) : null, list(rows)];
    if (side.link) {
      parts.push(el("a", { class: "out", href: side.link, target: "_blank", rel: "noopener noreferrer" },
        key("o"), "open in SkyServer"));
    }
    const score = [...side.score, ...side.verdicts];
    if (score.length) {
      parts.push(el("h3", {}, "Votes, scores, verdicts"),
        withScore ? list(score, "wide") : el("p", { class: "quiet" }, "Hidden: s shows them."));
    }
    return [el("section", {}, ...parts.filter(Boolean))];
  }

  #others(item) {
    if (!item.others.length) return null;
    return el("section", {}, el("h3", {}, "Others said"), list(item.others));
  }
}

function list(rows, name = "") {
  return el("dl", { class: name }, ...rows.flatMap(([title, value]) => [el("dt", {}, title), el("dd", {}, value)]));
}

function placeOf(side, digits) {
  return `${side.ra.toFixed(digits)} ${side.dec < 0 ? "" : "+"}${side.dec.toFixed(digits)}`;
}

/** A value with a button that copies it, or what it is in full. */
function copied(shown, text = shown) {
  const told = el("span", { class: "told", role: "status" });
  const copy = button("copy", async () => {
    try { await navigator.clipboard.writeText(text); fill(told, "copied"); } catch { fill(told, "select it and press Ctrl-C"); }
    setTimeout(() => fill(told), 1500);
  }, { class: "copy", "aria-label": `copy ${text}` });
  return el("span", { class: "copied" }, el("span", {}, shown), copy, told);
}
