// The review's server: what it is asked, and what its answers mean.

/** The server did not answer: the same may be sent again. */
export class Gone extends Error {}

/** The server answered that this cannot be: sending it again would change nothing. */
export class Refused extends Error {}

/** Where items come from and decisions go to. */
export class ServerStore {
  isStatic = false;

  session() { return this.#get("session"); }

  items(from, n) { return this.#get(`items?from=${from}&n=${n}`); }

  item(key) { return this.#get(`item/${key}`); }

  objects(key, side) { return this.#get(`objects/${key}/${side}`); }

  picture(key, side = 0) { return `picture/${key}/${side}`; }

  small(key, side = 0) { return `small/${key}/${side}`; }

  save(decisions) {
    return this.#ask("decide", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ decisions }),
    });
  }

  #get(path) { return this.#ask(path, {}); }

  async #ask(path, how) {
    let answer;
    try {
      answer = await fetch(path, { cache: "no-store", redirect: "error", ...how });
    } catch {
      throw new Gone("the review's server does not answer");
    }
    if (answer.status === 403) {
      throw new Gone("the review was started anew: open the address that it printed");
    }
    const told = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
    if (answer.status >= 500) throw new Gone(told.error);
    if (!answer.ok) throw new Refused(told.error);
    return told;
  }
}
