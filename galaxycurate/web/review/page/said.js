// What a decision comes to, in a sign and in words: never by colour alone.

const SIGNS = { none: "○", label: "✓", other: "→", reject: "✕", pair: "⧉", unsure: "?" };

/** What may be kept of a pair, in the order of its keys. */
export const KEEPS = { path: "keep left", partner: "keep right", both: "keep both" };

/** {shape, sign, words, short} of what somebody decided on an item; null means nothing yet. */
export function stateOf(item, mine = item.mine) {
  if (!mine) return state("none", "not decided");
  const again = mine.again || item.again ? ", second look" : "";
  if (mine.kind === "label") {
    const own = item.sides[0].label;
    if (!own) return state("label", mine.label + again, mine.label);
    return own === mine.label ? state("label", `${mine.label}, kept${again}`, own) : state("other", `now ${mine.label}${again}`, mine.label);
  }
  if (mine.kind === "reject") return state("reject", `rejected: ${mine.reason || "no reason"}${again}`, mine.reason || "rejected");
  if (mine.kind === "pair") return state("pair", KEEPS[mine.keep] + again);
  return state("unsure", `cannot tell${again}`);
}

function state(shape, words, short = words) {
  return { shape, sign: SIGNS[shape], words, short };
}
