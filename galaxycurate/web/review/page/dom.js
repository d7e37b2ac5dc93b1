// Elements by hand: text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties, and children that are elements or texts. */
export function el(name, about = {}, ...children) {
  return filled(document.createElement(name), about, children);
}

/** The same of SVG. */
export function svg(name, about = {}, ...children) {
  return filled(document.createElementNS(SVG, name), about, children);
}

function filled(element, about, children) {
  for (const [name, value] of Object.entries(about)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Put other children in place of all that an element has. */
export function fill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** A key as it looks on the keyboard. */
export function key(name) {
  return el("kbd", {}, name);
}

/** A button that a click does not take the keyboard to. */
export function button(words, act, about = {}) {
  return el("button", { type: "button", onclick: act, onmousedown: (event) => event.preventDefault(), ...about },
    ...(Array.isArray(words) ? words : [words]));
}

/** 3877 as 3,877. */
export function count(number) {
  return number.toLocaleString("en-US");
}

/** 1 decision, 2 decisions. */
export function many(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}

/** A name that is not used twice: 32 hexadecimal digits, of which those of one step share the first half. */
export function newUid(step = newHalf()) { return step + newHalf(); }

/** Names for what one key says, which is undone as one. */
export function newUids(n) {
  const step = newHalf();
  return Array.from({ length: n }, () => newUid(step));
}

/** Which step a name is of; empty where it is not of a page: by hand people count up from 0. */
export function stepOf(uid) { return uid.slice(0, 16).replace(/^0+$/, ""); }

function newHalf() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
