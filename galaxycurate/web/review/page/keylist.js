// The window that lists the keys.

import { el, fill, key } from "./dom.js";

const KEYS = [
  ["Walk", [[["←", "→"], "the picture before, the next one"], [["f"], "the first one not decided on"], [["g"], "grid or single picture"]]],
  ["Look", [[["z"], "magnify: 1, 2, 4 times; the mouse or Shift and arrows move it"], [["i"], "invert"],
    [["s"], "show or hide votes, scores and verdicts"], [["c"], "the catalogue's objects"],
    [["b"], "blink the two of a pair"], [["o"], "open the object in SkyServer"], [["?"], "this list"], [["Esc"], "close"]]],
  ["Decide", [[["Enter"], "its label is right; in the grid: all of the page but the marked ones"],
    [["1", "…", "9"], "it is this class"], [["m"], "another class, by typing"], [["x"], "reject: a reason by its number, or typed; then Enter"],
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
