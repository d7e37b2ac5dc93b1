// Decisions on their way: one after the other, kept until the ledger has them.

import { Gone } from "./store.js";

const MOST = 12;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5000;

/** What was decided and is not saved yet; tries again until it is. */
export class Outbox {
  #waiting = [];
  #working = false;
  #wait = FIRST_WAIT_MS;
  #idle = [];

  /** @param told called with (answer, decisions) when some are saved
   *  @param changed called with (number waiting, problem in words or "")
   *  @param place where they are kept meanwhile, of localStorage; empty for nowhere */
  constructor(store, told, changed, place = "") {
    Object.assign(this, { store, told, changed, place, problem: "" });
  }

  /** How many decisions are not saved. */
  get size() { return this.#waiting.reduce((n, some) => n + some.length, 0); }

  /** Whether so many wait that nothing should be added. */
  get isFull() { return this.#waiting.length >= MOST; }

  /** When nothing waits any more. */
  idle() {
    if (!this.#waiting.length) return Promise.resolve();
    return new Promise((resolve) => { this.#idle.push(resolve); });
  }

  /** Take back what an earlier page could not send. */
  recover() {
    let left = [];
    try { left = JSON.parse(localStorage.getItem(this.place) || "[]"); } catch { /* damaged: nothing */ }
    if (Array.isArray(left)) for (const some of left) this.send(some);
    return this.size;
  }

  /** Send decisions that belong together. */
  send(decisions) {
    this.#waiting.push(decisions);
    this.#keep();
    this.#changed();
    this.#work();
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    while (this.#waiting.length) {
      const some = this.#waiting[0];
      try {
        const answer = await this.store.save(some);
        this.#settle("");
        this.told(answer, some);
      } catch (error) {
        if (error instanceof Gone) {
          this.problem = error.message;
          this.#changed();
          await new Promise((resolve) => setTimeout(resolve, this.#wait));
          this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
        } else {
          this.#settle(error.message);
          this.told(null, some);
        }
      }
    }
    this.#working = false;
    this.#idle.splice(0).forEach((resolve) => resolve());
  }

  #settle(problem) {
    this.#waiting.shift();
    this.#wait = FIRST_WAIT_MS;
    this.problem = problem;
    this.#keep();
    this.#changed();
  }

  #keep() {
    if (!this.place) return;
    try {
      if (this.#waiting.length) localStorage.setItem(this.place, JSON.stringify(this.#waiting));
      else localStorage.removeItem(this.place);
    } catch { /* no room, or forbidden: they wait in memory */ }
  }

  #changed() { this.changed(this.size, this.problem); }
}
