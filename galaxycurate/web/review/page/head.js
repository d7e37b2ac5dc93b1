// The line above: what is reviewed, how far it is, how fast, and whether all is saved.

import { button, count, el, fill, key } from "./dom.js";
import { repeats } from "./hints.js";

const PAUSE_MS = 60000;
const LAST = 40;
const SLOW_MS = 3000;
const STUCK = "nothing gets through, kept here until it does";

/** The head of the page. */
export class Head {
  #times = [];
  #slow = 0;
  #waiting = 0;
  #stuck = "";

  constructor(session, act, extra = null) {
    this.session = session;
    this.isStatic = Boolean(extra);
    this.bar = repeats(session) ? null : el("progress", { max: Math.max(session.total, 1), value: 0, "aria-label": "decided" });
    this.words = el("span", { class: "progress-words" });
    this.pace = el("span", { class: "pace" });
    this.saved = el("span", { class: "saved", role: "status" });
    this.root = el("header", {},
      el("div", { class: "what" }, el("h1", {}, session.queue), el("p", { title: session.title }, `folder ${session.dataset}: ${session.title}`)),
      session.simulated ? el("strong", { class: "simulated" }, "SIMULATED SKY") : null,
      session.blind ? el("strong", { class: "tag" }, "blind") : null,
      el("div", { class: "progress" }, this.bar, el("p", {}, this.words, this.pace)),
      el("div", { class: "who" }, extra || el("span", { class: "reviewer", title: session.reviewer }, session.reviewer), this.saved),
      button([key("g"), "grid"], () => act("g"), { class: "tool" }),
      button([key("?"), "keys"], () => act("?"), { class: "tool" }));
    this.save(0, "");
  }

  /** How many are decided, and where one is; of how many, in words and as a bar, only where no look is a repeated one. */
  show(decided, place) {
    if (this.bar) this.bar.value = decided;
    const at = place < this.session.total ? `at ${count(place + 1)}` : "at the end";
    const total = repeats(this.session) ? "" : ` of ${count(this.session.total)}`;
    fill(this.words, `${count(decided)}${total} decided, ${at}`);
  }

  /** So many decisions were made now. */
  beat(n = 1) {
    const now = performance.now();
    if (this.#times.length && now - this.#times.at(-1) > PAUSE_MS) this.#times = [];
    for (let k = 0; k < n; k += 1) this.#times.push(now);
    this.#times = this.#times.slice(-LAST);
    const spent = now - this.#times[0];
    const pace = spent > 3000 ? Math.round((this.#times.length - n) * 60000 / spent) : 0;
    fill(this.pace, pace ? `${pace} a minute` : "");
  }

  /** What is not saved yet, and why; after seconds without an answer that is a problem, too. */
  save(waiting, problem) {
    if (!waiting || problem || waiting < this.#waiting) {
      clearTimeout(this.#slow);
      this.#slow = 0;
      this.#stuck = "";
    }
    this.#waiting = waiting;
    if (waiting && !problem) this.#slow ||= setTimeout(() => { this.#stuck = STUCK; this.save(this.#waiting, ""); }, SLOW_MS);
    this.#tell(waiting, problem || this.#stuck);
  }

  #tell(waiting, problem) {
    this.saved.classList.toggle("problem", Boolean(problem));
    const unsaved = waiting ? `${count(waiting)} not saved` : "";
    const done = `all saved${this.isStatic ? " in this browser" : ""}`;
    fill(this.saved, problem ? `${[unsaved, problem].filter(Boolean).join(": ")}` : waiting ? `saving ${count(waiting)}` : done);
  }
}
