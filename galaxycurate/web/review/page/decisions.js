// What was decided and taken back, on its way to the ledger.

import { count, newUid, newUids, stepOf } from "./dom.js";
import { PAGE } from "./grid.js";
import { picturesOf } from "./lines.js";
import { Outbox } from "./outbox.js";
import { commonPlace, Unsent } from "./unsent.js";

const REFUSED = ", not taken";

/** The decisions of a page. */
export class Decisions {
  #redo = [];

  /** @param told called with items that are other now
   *  @param show called with an item that was decided or taken back, and words about it
   *  @param waits called with (number waiting, problem in words or "") */
  constructor(store, session, { told, show, waits }) {
    Object.assign(this, { store, session, told, show });
    this.begin(session);
    this.taken = new Set();
    // what was seen blind, or in another queue, is sent by such a page again
    this.all = `galaxycurate-review:${session.id}:${encodeURIComponent(session.reviewer)}:`;
    this.place = store.isStatic ? "" : `${this.all}${session.queue}${session.blind ? ", blind" : ""}`;
    this.unsent = new Unsent(store.isStatic ? "" : `${this.place}${REFUSED}`);
    this.outbox = new Outbox(store, (...answer) => this.#answered(...answer), (n, why) => {
      this.unsent.wait(why ? this.outbox.lines : []);
      waits(n, why);
    }, this.place);
  }

  /** Go by what is decided as a session tells. */
  begin(session) {
    this.n = session.decided;
    this.history = session.history;
    this.#redo = [];
  }

  /** Send what an earlier page could not; how many that are. */
  recover() { return this.outbox.recover(); }

  /** When all of it is with the server, or so long has passed: whether it is. */
  async isSent(patienceMs) {
    await Promise.race([this.outbox.idle(), new Promise((resolve) => { setTimeout(resolve, patienceMs); })]);
    return !this.outbox.size;
  }

  /** Whether nothing more may be said before something is saved. */
  get isFull() { return this.outbox.isFull; }

  /** Names of the reviewer's other queues of which decisions could not be sent. */
  get elsewhere() {
    try {
      const places = new Set(Object.keys(localStorage).map(commonPlace));
      return [...places].filter((name) => name.startsWith(this.all) && name !== this.place && !name.endsWith(REFUSED))
        .map((name) => name.slice(this.all.length));
    } catch { return []; } // forbidden: nothing is kept
  }

  /** Decide: pairs of an item and what is said of it, after so long. */
  add(pairs, took) {
    const uids = newUids(pairs.length);
    const lines = pairs.map(([item, what], k) => {
      const line = { ...this.#line(item.key), uid: uids[k], ...picturesOf(item), blind: Number(item.is_hidden), took_ms: Math.round(took / pairs.length), ...what };
      this.n += item.mine || item.place === null ? 0 : 1;
      return line;
    });
    this.history.push(...lines.map((line) => [line.uid, line.key, line.queue]));
    this.#redo = [];
    this.told(pairs.map(([item, what], k) => ({ ...item, mine: { uid: lines[k].uid, label: "", reason: "", keep: "", ...what } })));
    this.outbox.send(lines);
  }

  /** Take back what was decided last, a page of the grid as a whole, also one of an earlier page or of yesterday;
   *  false where there is nothing. */
  undo() {
    const last = this.history.at(-1);
    if (!last) return false;
    const step = this.history.splice(-this.#stepLength(last));
    const undos = step.map(([uid, key]) => this.#undo(uid, key));
    this.#redo.push([undos, step]);
    return this.#take(undos, "undone");
  }

  /** Make what was taken back last count again; false where there is nothing. */
  redo() {
    const last = this.#redo.pop();
    if (!last) return false;
    const [undos, step] = last;
    this.history.push(...step);
    return this.#take(undos.map(({ uid, key }) => this.#undo(uid, key)), "done again");
  }

  /** How many of the last decisions were one key's: of one queue, and no more than a page shows. */
  #stepLength([uid, , queue]) {
    const step = stepOf(uid);
    const before = this.history.findLastIndex(([one, , where]) => !step || stepOf(one) !== step || where !== queue);
    return Math.min(Math.max(this.history.length - 1 - before, 1), PAGE);
  }

  #undo(undoes, key) { return { ...this.#line(key), kind: "undo", undoes }; }

  #line(key) { return { uid: newUid(), key, reviewer: this.store.reviewer ?? this.session.reviewer, queue: this.session.queue }; }

  #take(lines, words) {
    this.outbox.send(lines);
    const told = lines.length > 1 ? `${count(lines.length)} pictures: ${words}` : words;
    this.outbox.idle().then(() => this.store.item(lines[0].key)).then((item) => this.show(item, told), () => {});
    return true;
  }

  #answered(answer, sent, why) {
    if (!answer) return this.#refused(sent, why);
    return this.hear(answer);
  }

  /** Go by what a store tells. */
  hear(answer) {
    if (!this.outbox.size) this.n = answer.decided;
    for (const place of answer.taken) this.taken.add(place);
    return this.told(answer.items);
  }

  /** What the server does not take is as if it had not been said. */
  async #refused(sent, why) {
    sent.forEach((line) => this.unsent.refuse(line, why));
    const uids = new Set(sent.map((line) => line.uid));
    this.history = this.history.filter(([uid]) => !uids.has(uid));
    try {
      this.n = (await this.store.session()).decided;
      const items = await Promise.allSettled(sent.map((line) => this.store.item(line.key)));
      this.told(items.filter((one) => one.value).map((one) => one.value)); // one may be of another review
    } catch { /* what is shown is told again with the next answer */ }
  }
}
