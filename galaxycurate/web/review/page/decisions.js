// What was decided and taken back, on its way to the ledger.

import { newUid } from "./dom.js";
import { Outbox } from "./outbox.js";

/** The decisions of a page. */
export class Decisions {
  #redo = [];

  /** @param told called with items that are other now
   *  @param show called with an item that was decided or taken back, and words about it
   *  @param waits called with (number waiting, problem in words or "") */
  constructor(store, session, { told, show, waits }) {
    Object.assign(this, { store, told, show });
    this.n = session.decided;
    this.history = session.history;
    this.taken = new Set();
    const kept = store.isStatic ? "" : `galaxycurate-review:${session.dataset}:${session.reviewer}`;
    this.outbox = new Outbox(store, (answer, sent) => this.#answered(answer, sent), waits, kept);
  }

  /** Send what an earlier page could not; how many that are. */
  recover() { return this.outbox.recover(); }

  /** Whether nothing more may be said before something is saved. */
  get isFull() { return this.outbox.isFull; }

  /** Decide: pairs of an item and what is said of it, after so long. */
  add(pairs, took) {
    const lines = pairs.map(([item, what]) => {
      const line = { uid: newUid(), key: item.key, took_ms: Math.round(took / pairs.length), ...what };
      this.n += item.mine || item.place === null ? 0 : 1;
      this.history.push([line.uid, item.key]);
      return line;
    });
    this.#redo = [];
    this.told(pairs.map(([item, what], k) => ({ ...item, mine: { uid: lines[k].uid, label: "", reason: "", keep: "", ...what } })));
    this.outbox.send(lines);
  }

  /** Take back the last decision; false where there is none. */
  undo() {
    const last = this.history.pop();
    if (!last) return false;
    const uid = newUid();
    this.#redo.push([uid, last]);
    return this.#take(uid, last[0], last[1], "undone");
  }

  /** Make the last decision that was taken back count again; false where there is none. */
  redo() {
    const last = this.#redo.pop();
    if (!last) return false;
    this.history.push(last[1]);
    return this.#take(newUid(), last[0], last[1][1], "done again");
  }

  #take(uid, undoes, key, words) {
    this.outbox.send([{ uid, key, kind: "undo", undoes }]);
    this.outbox.idle().then(() => this.store.item(key)).then((item) => this.show(item, words), () => {});
    return true;
  }

  #answered(answer, sent) {
    if (!answer) return this.#refused(sent);
    if (!this.outbox.size) this.n = answer.decided;
    for (const place of answer.taken) this.taken.add(place);
    return this.told(answer.items);
  }

  /** What the server does not take is as if it had not been said. */
  async #refused(sent) {
    const uids = new Set(sent.map((line) => line.uid));
    this.history = this.history.filter(([uid]) => !uids.has(uid));
    try {
      this.n = (await this.store.session()).decided;
      this.told(await Promise.all(sent.map((line) => this.store.item(line.key))));
    } catch { /* what is shown is told again with the next answer */ }
  }
}
