// Begins a review that a server holds.

import { App } from "./app.js";
import { el, fill } from "./dom.js";
import { ServerStore } from "./store.js";

const root = document.getElementById("review");
const store = new ServerStore();
try {
  const session = await store.session();
  document.title = `${session.queue}: galaxycurate review`;
  await new App(root, store, session).start();
} catch (error) {
  fill(root, el("p", { class: "opening" }, `The review cannot be shown: ${error.message}.`));
}
