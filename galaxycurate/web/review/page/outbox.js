// Decisions on their way: one after the other, kept until the ledger has them.

import { Refused } from "./store.js";
import { keepList, keptList } from "./unsent.js";

const MOST = 12;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5000;

/** What was decided and is not saved yet; tries again until it is. */
export class Outbox {
  #waiting = [];
  #working = false;
  #wait = FIRST_WAIT_MS;
  #idle = [];

  /** @param told called with (answer, lines) when some are saved, with (null, lines, why) when they are refused
   *  @param changed called with (number waiting, problem in words or "")
   *  @param place where they are kept meanwhile, of localStorage; empty for nowhere */
  constructor(server, told, changed, place = "") {
    Object.assign(this, { server, told, changed, place, problem: "" });
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

  /** Take back what an earlier page could not send. */
  recover() {
    for (const some of keptList(this.place)) if (Array.isArray(some) && some.length) this.send(some);
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
    const some = this.#waiting[0];
    let answer = null;
    let why = "";
    try {
      answer = await this.server.save(some);
    } catch (error) {
      if (!(error instanceof Refused)) return this.#pause(error.message);
      // one that is refused takes none with it: they are sent one by one
      if (some.length > 1) return this.#settle(some.map((line) => [line]));
      why = error.message;
    }
    this.#settle([]);
    try { this.told(answer, some, why); } catch (error) { reportError(error); } // the next ones are sent all the same
    return undefined;
  }

  async #pause(problem) {
    this.problem = problem;
    this.#changed();
    await new Promise((resolve) => { setTimeout(resolve, this.#wait); });
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }

  #settle(instead) {
    this.#waiting.splice(0, 1, ...instead);
    this.#wait = FIRST_WAIT_MS;
    this.problem = "";
    this.#changed();
  }

  #changed() {
    keepList(this.place, this.#waiting);
    this.changed(this.size, this.problem);
  }
}
