// Decisions on their way: one after the other, kept until the ledger has them.

import { Refused } from "./store.js";
import { keepList, ownPlace, takeOver } from "./unsent.js";

const MOST = 12;
const TOGETHER = 36;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5000;

/** What was decided and is not saved yet; tries again until it is. */
export class Outbox {
  #waiting = [];
  #working = false;
  #wait = FIRST_WAIT_MS;
  #idle = [];
  #alone = new WeakSet(); // what goes by itself, because it was refused with others

  /** @param told called with (answer, lines) when some are saved, with (null, lines, why) when they are refused
   *  @param changed called with (number waiting, problem in words or "")
   *  @param place where they are kept meanwhile, of localStorage; empty for nowhere */
  constructor(server, told, changed, place = "") {
    Object.assign(this, { server, told, changed, place: ownPlace(place), problem: "" });
    this.common = place;
  }

  /** The lines that are not saved. */
  get lines() { return this.#waiting.flat(); }

  /** How many decisions are not saved. */
  get size() { return this.lines.length; }

  /** Whether so many wait that nothing should be added. */
  get isFull() { return this.#waiting.length >= MOST; }

  /** When nothing waits any more. */
  idle() {
    if (!this.#waiting.length) return Promise.resolve();
    return new Promise((resolve) => { this.#idle.push(resolve); });
  }

  /** Take over what other tabs could not send; one that is open still sends it, too: a uid counts once. */
  recover() {
    const [kept, taken] = takeOver(this.common);
    for (const some of kept) if (Array.isArray(some) && some.length) this.send(some);
    taken();
    return this.size;
  }

  /** Send decisions that belong together. */
  send(lines) {
    this.#waiting.push(lines);
    this.#changed();
    this.#work();
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    while (this.#waiting.length) await this.#sendFirst();
    this.#working = false;
    this.#idle.splice(0).forEach((resolve) => resolve());
  }

  async #sendFirst() {
    const [n, some] = this.#together();
    let answer = null;
    let why = "";
    try {
      answer = await this.server.save(some);
    } catch (error) {
      if (!(error instanceof Refused)) return this.#pause(error.message);
      // one that is refused takes none with it: they are sent one by one
      if (some.length > 1) return this.#settle(n, this.#apart(n));
      why = error.message;
    }
    this.#settle(n);
    try { this.told(answer, some, why); } catch (error) { reportError(error); } // the next ones are sent all the same
    return undefined;
  }

  /** How many of what waits go at once, and their lines: whoever is quick does not wait for each. */
  #together() {
    const some = [];
    let n = 0;
    for (const lines of this.#waiting) {
      if (n && (some.length + lines.length > TOGETHER || this.#alone.has(lines))) break;
      some.push(...lines);
      n += 1;
      if (this.#alone.has(lines)) break;
    }
    return [n, some];
  }

  /** The lines of the first ones, each by itself. */
  #apart(n) {
    const lines = this.#waiting.slice(0, n).flat().map((line) => [line]);
    lines.forEach((one) => this.#alone.add(one));
    return lines;
  }

  async #pause(problem) {
    this.problem = problem;
    this.#changed();
    await new Promise((resolve) => { setTimeout(resolve, this.#wait); });
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }

  #settle(n, instead = []) {
    this.#waiting.splice(0, n, ...instead);
    this.#wait = FIRST_WAIT_MS;
    this.problem = "";
    this.#changed();
  }

  #changed() {
    keepList(this.place, this.#waiting);
    this.changed(this.size, this.problem);
  }
}
