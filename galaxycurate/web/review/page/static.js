// Begins a review that lies in one file: decisions stay in this browser until they are downloaded.

import { App } from "./app.js";
import { button, count, el, fill, many } from "./dom.js";
import { FileStore } from "./filestore.js";
import { download } from "./lines.js";

const page = document.getElementById("review");
const words = el("span");
const tell = (store) => fill(words, store.lines.length ? `decisions.csv (${count(store.lines.length)})` : "decisions.csv",
  store.isKept ? "" : ", not kept when the page is closed");
const fileStore = new FileStore(JSON.parse(document.getElementById("held").textContent), tell);
const nameInput = el("input", { type: "text", maxlength: 40, placeholder: "your name", "aria-label": "your name",
  onchange: (event) => {
    fileStore.name(event.target.value);
    if (fileStore.lines.length) app.restart(); // each has their own progress
  } });
nameInput.value = fileStore.reviewer;
nameInput.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === "Escape") nameInput.blur(); });
tell(fileStore);
addEventListener("beforeunload", (event) => { if (fileStore.lines.length && !fileStore.isKept) event.preventDefault(); });
const extra = el("div", { class: "take" }, nameInput, button(["download ", words], () => download(fileStore.lines, "decisions.csv"), { class: "download" }));
const app = new App(page, fileStore, await fileStore.session(), extra);
addEventListener("storage", (event) => {
  const answer = fileStore.hear(event.key);
  if (answer) app.decisions.hear(answer);
});
await app.start();
const { earlier, elsewhere } = fileStore;
if (earlier) app.say(`${many(earlier, "decision")} of an earlier page at this place: in this one now, download them, too`);
else if (elsewhere) app.say(`${many(elsewhere, "decision")} on another dataset kept in this browser: write its page here again to download them`);
