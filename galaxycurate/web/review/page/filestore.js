// A review that lies in one file: its pictures are in the page, its decisions in the browser.

const ALL = "galaxycurate-review-page:";

/** Items and pictures of the page itself; decisions kept by the browser. */
export class FileStore {
  isStatic = true;
  lines = [];
  files = [];
  isKept = true;
  earlier = 0; // decisions of a page that this one was written over, taken from it
  elsewhere = 0; // and of one of another dataset, which are left alone

  constructor(held, changed) {
    Object.assign(this, { held, changed, place: `${ALL}${held.dataset}:${held.id}` });
    this.byKey = new Map(held.items.map((item) => [item.key, item]));
    this.reviewer = held.session.reviewer;
    try {
      const kept = read(this.place);
      this.lines = kept.lines;
      this.files = [...new Set([...kept.files, location.pathname])]; // a copy of the page is the same review
      this.reviewer = kept.reviewer || this.reviewer;
      this.#takeOver();
    } catch { this.isKept = false; }
    this.#settle();
  }

  async session() {
    const { items } = this.held;
    const first = items.findIndex((item) => !this.mine.has(item.key));
    return { ...this.held.session, history: [...this.history], decided: this.mine.size, first: first < 0 ? items.length : first };
  }

  async items(from, n) { return this.held.items.slice(from, from + n).map((item) => this.#shown(item)); }

  async item(key) { return this.#shown(this.byKey.get(key)); }

  async objects() { throw new Error("a page without its server asks no catalogue"); }

  picture(key, side = 0) { return this.byKey.get(key).sides[side].picture; }

  small(key, side = 0) { return this.picture(key, side); }

  async save(decisions) {
    this.#add(decisions);
    this.#keep();
    return this.#answer(decisions);
  }

  /** What another tab of this page kept since: as an answer, or null where that is nothing new. */
  hear(place) {
    if (place !== this.place) return null;
    const known = this.#uids;
    try {
      if (localStorage.getItem(place) === null) return null; // let go: a newer page has taken all of it over
      if (this.#merge()) this.#write(); // both wrote at once, and the other one was last
    } catch { this.isKept = false; }
    const lines = this.lines.filter((line) => !known.has(line.uid));
    if (!lines.length) return null;
    this.#settle();
    this.changed(this);
    return this.#answer(lines.filter((line) => this.byKey.has(line.key)));
  }

  /** Take another reviewer's name; lines keep that of who decided. */
  name(reviewer) {
    this.reviewer = reviewer.trim();
    this.#keep();
  }

  get #uids() { return new Set(this.lines.map((line) => line.uid)); }

  #answer(lines) {
    return { items: lines.map((one) => this.#shown(this.byKey.get(one.key))), decided: this.mine.size, taken: [] };
  }

  #add(lines) {
    const known = this.#uids;
    this.lines.push(...lines.filter((line) => !known.has(line.uid)));
  }

  /** Take what the browser keeps, which another tab may have added to; whether it lacks some of this one's. */
  #merge() {
    const own = this.lines;
    const kept = read(this.place);
    const uids = new Set(kept.lines.map((line) => line.uid));
    this.lines = kept.lines;
    this.files = [...new Set([...kept.files, ...this.files])];
    this.#add(own);
    return own.some((line) => !uids.has(line.uid));
  }

  /** What was decided in a page that this one was written over: all that no ledger had when this was made. */
  #takeOver() {
    const known = new Set(this.held.known);
    const places = Object.keys(localStorage).filter((place) => place.startsWith(ALL) && place !== this.place);
    const over = places.map((place) => [place, read(place)]).filter(([, kept]) => kept.files.includes(location.pathname));
    const mine = over.filter(([place]) => place.startsWith(`${ALL}${this.held.dataset}:`));
    for (const [, { lines, reviewer }] of mine) {
      const before = this.lines.length;
      this.#add(lines.filter((line) => !known.has(line.uid.slice(-this.held.known_by))));
      this.earlier += this.lines.length - before;
      this.reviewer ||= reviewer;
    }
    this.elsewhere = over.filter((one) => !mine.includes(one)).reduce((n, [, kept]) => n + kept.lines.length, 0);
    if (mine.length) this.#write(); // in this place, before any of them is let go: there may be no room for both
    for (const [place, kept] of mine) {
      const files = kept.files.filter((file) => file !== location.pathname);
      if (files.length) localStorage.setItem(place, JSON.stringify({ ...kept, files }));
      else localStorage.removeItem(place);
    }
  }

  #write() {
    const { lines, reviewer, files } = this;
    localStorage.setItem(this.place, JSON.stringify({ lines, reviewer, files }));
  }

  #keep() {
    try {
      this.#merge();
      this.#write();
    } catch { this.isKept = false; }
    this.#settle();
    this.changed(this);
  }

  /** What the reviewer said of this page's pictures, and did not take back. */
  #settle() {
    const undone = new Set();
    const left = [];
    for (const line of this.lines.filter((one) => one.reviewer === this.reviewer).reverse()) {
      if (undone.has(line.uid)) continue;
      if (line.kind === "undo") undone.add(line.undoes);
      else if (this.#isHere(line)) left.push(line);
    }
    left.reverse();
    this.history = left.map((line) => [line.uid, line.key, line.queue]);
    this.mine = new Map(left.map((line) => [line.key, line]));
  }

  /** Whether a line is on pictures as they are in this page. */
  #isHere(line) {
    const sides = this.byKey.get(line.key)?.sides;
    return Boolean(sides) && sides[0].sha256 === line.sha256 && (sides[1]?.sha256 || "") === (line.partner_sha256 || "");
  }

  #shown(item) {
    const mine = this.mine.get(item.key);
    return { ...item, mine: mine ? { label: "", reason: "", keep: "", ...mine } : null };
  }
}

/** What the browser keeps of a page: its lines, the reviewer's name, and the files that it was opened from. */
function read(place) {
  const kept = JSON.parse(localStorage.getItem(place) || "{}");
  const lines = Array.isArray(kept.lines) ? kept.lines.filter((line) => typeof line?.uid === "string") : [];
  return { reviewer: String(kept.reviewer || ""), files: Array.isArray(kept.files) ? kept.files : [], lines };
}
