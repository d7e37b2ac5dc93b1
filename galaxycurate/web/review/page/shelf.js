// Items and pictures near the one that is looked at: fetched ahead, let go behind.

const BATCH = 36;
const AHEAD = 8;
const BEHIND = 3;
const BATCHES_KEPT = 5;

/** The items of a queue, by their place in it. */
export class Shelf {
  #batches = new Map();
  #pictures = new Map();

  constructor(store, total) {
    this.store = store;
    this.total = total;
  }

  /** The item at a place, when it is there already. */
  peek(place) {
    const batch = this.#batches.get(Math.floor(place / BATCH));
    return batch && batch.items ? batch.items[place % BATCH] : undefined;
  }

  /** The item at a place. */
  async at(place) {
    const items = await this.#batch(Math.floor(place / BATCH));
    return items[place % BATCH];
  }

  /** So many items from a place on. */
  async some(place, n) {
    const last = Math.min(place + n, this.total) - 1;
    if (last < place) return [];
    const batches = [];
    for (let b = Math.floor(place / BATCH); b <= Math.floor(last / BATCH); b += 1) batches.push(this.#batch(b));
    await Promise.all(batches);
    return Array.from({ length: last - place + 1 }, (_, k) => this.peek(place + k));
  }

  /** Put a newer version in an item's place. */
  update(item) {
    if (item.place === null || item.place === undefined) return;
    const batch = this.#batches.get(Math.floor(item.place / BATCH));
    if (batch && batch.items) batch.items[item.place % BATCH] = item;
  }

  /** Forget all items: they are other ones for somebody else. */
  forget() { this.#batches.clear(); }

  #batch(number) {
    let batch = this.#batches.get(number);
    if (!batch) {
      batch = { items: null };
      batch.promise = this.store.items(number * BATCH, BATCH).then(
        (items) => { batch.items = items; return items; },
        (error) => { this.#batches.delete(number); throw error; },
      );
      this.#batches.set(number, batch);
    }
    return batch.promise;
  }

  /** Fetch what comes next, and forget what is far away. */
  async prepare(place) {
    const here = Math.floor(place / BATCH);
    for (const number of this.#batches.keys()) {
      if (Math.abs(number - here) > BATCHES_KEPT) this.#batches.delete(number);
    }
    const wanted = [];
    const first = Math.max(0, place - BEHIND);
    for (const item of await this.some(first, BEHIND + 1 + AHEAD).catch(() => [])) {
      if (item) item.sides.forEach((_, side) => wanted.push(this.store.picture(item.key, side)));
    }
    if (place + AHEAD + BATCH / 2 < this.total) this.#batch(Math.floor((place + AHEAD + BATCH / 2) / BATCH)).catch(() => {});
    for (const url of this.#pictures.keys()) if (!wanted.includes(url)) this.#pictures.delete(url);
    wanted.forEach((url) => this.picture(url));
  }

  /** A picture that is decoded, or on its way: {image, ready, failed}. */
  picture(url) {
    let held = this.#pictures.get(url);
    if (!held) {
      held = { image: new Image(), ready: false, failed: false };
      held.image.alt = "";
      held.image.draggable = false;
      held.image.src = url;
      held.promise = held.image.decode().then(
        () => { held.ready = true; },
        () => { held.failed = true; this.#pictures.delete(url); },
      );
      this.#pictures.set(url, held);
    }
    return held;
  }
}
