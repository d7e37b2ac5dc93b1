// The line below, and the end: what can be done now, in words.

import { button, count, el, key, many } from "./dom.js";
import { PAGE } from "./grid.js";
import { stateOf } from "./said.js";

/** What keys do with an item that is looked at. */
export function hintOf(item, { isAside, isUnseen }) {
  const isPair = item.sides.length > 1;
  const back = isAside ? "Escape goes back to the picture. " : "";
  const why = item.common ? "Outlined: the sky that both show. " : "";
  const keys = isPair ? "1 keeps the left one, 2 the right one, 3 both; b blinks; ? lists the keys."
    : isUnseen ? "x rejects, 0 if you cannot tell: what cannot be shown gets no label."
      : item.is_hidden ? "A number chooses the class, x rejects, 0 if you cannot tell; ? lists the keys."
        : "Enter accepts the label, a number chooses a class, x rejects; arrows walk; ? lists the keys.";
  const said = `You decided on this ${isPair ? "pair" : "picture"}: ${stateOf(item).words}.`;
  return `${back}${why}${item.mine ? said : keys}`;
}

/** What keys do with a page of the grid. */
export function hintOfPage(session, start, elsewhere) {
  const pages = repeats(session) ? "" : ` of ${count(Math.ceil(session.total / PAGE))}`;
  const accept = session.blind ? "Labels are hidden: mark pictures and choose a class." : "Enter accepts the labels of all that are not marked.";
  return `Page ${count(start / PAGE + 1)}${pages}. Space or a click marks. ${accept}${elsewhere ? ` ${count(elsewhere)} marked on other pages.` : ""}`;
}

/** What is told at the end of a queue, of which so many looks are left. */
export function endOf(session, left, { marked, isStatic, toFirst }) {
  const { total, pictures } = session;
  const twice = repeats(session) ? `, ${count(repeats(session))} of them twice` : "";
  if (!total) return [el("h2", {}, "Nothing waits here"), el("p", {}, "You had decided on all of it when this was made.")];
  return [
    el("h2", {}, left > 0 ? "The end of the queue" : "All decided"),
    el("p", {}, left > 0 ? `Not decided on: ${twice ? many(left, "look") : `${count(left)} of ${count(total)}`}.` : `${count(pictures)} of ${count(pictures)}${twice}.`),
    left > 0 && marked ? el("p", {}, `Marked in the grid: ${count(marked)}.`) : null,
    left > 0 ? button([key("f"), "the first one left"], toFirst) : null,
    isStatic
      ? el("p", {}, "Download the decisions above; then: ", el("code", {}, "galaxycurate review --apply decisions.csv"))
      : el("p", {}, "End the review with Ctrl-C where it was started; then: ", el("code", {}, "galaxycurate split")),
  ];
}

/** How many second looks a session has: how many are still to come must not be counted out. */
export function repeats(session) {
  return session.total - session.pictures;
}
