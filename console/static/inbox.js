// The inbox, live: the stream says which chats changed, and the pieces of the page that show them are fetched anew.
import { home, post, refresh } from "./page.js";
import { startComposer } from "./composer.js";
import { startFiling } from "./filing.js";
import { inboxKeys, startKeys } from "./keys.js";

const { chat, sound, badge } = document.body.dataset;
const $ = (id) => document.getElementById(id);
const title = document.title;
let waiting = 0;
let busy = false, again = false;

const { act, path } = startFiling(chat, update);

// --- what changes

async function update() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const follow = atEnd();
    const holding = Boolean($("composer"));
    const browsing = new URLSearchParams(location.search).has("before");
    const ids = ["views", "queue"];
    // What is being written is left alone; where nothing can be written, the foot says why.
    if (chat) ids.push("head", "filing", "beside", ...(browsing ? [] : ["thread"]), ...(holding ? [] : ["foot"]));
    const page = await refresh(location.href, ...ids);
    for (const id of writers.keys()) shows(id, true); // the fresh pieces do not know who is writing
    if (chat && page) {
      // Whether one may write here has changed: someone took the chat, or one's own claim ended.
      if (Boolean(page.getElementById("composer")) !== holding) return location.reload();
      if (follow) toEnd();
      seen();
    }
  } catch { /* the next event, or the next page, shows it */ } finally {
    busy = false;
    if (again) { again = false; update(); }
  }
}

function atEnd() {
  const box = $("scroll");
  return box && box.scrollHeight - box.scrollTop - box.clientHeight < 140;
}

function toEnd() {
  const box = $("scroll");
  if (box) box.scrollTop = box.scrollHeight;
}

function seen() {
  if (chat && !document.hidden) post(path("here"), { read: $("thread").dataset.last }).catch(() => {});
}

// --- who is writing

const writers = new Map(); // public id -> timer

function shows(id, on) {
  for (const element of [...document.querySelectorAll(`.chat[data-chat="${CSS.escape(id)}"] .typing`), ...(id === chat ? [$("writes")] : [])]) {
    if (element) element.hidden = !on;
  }
}

function writes(id) {
  clearTimeout(writers.get(id));
  writers.set(id, setTimeout(() => { writers.delete(id); shows(id, false); }, 5000));
  shows(id, true);
}

// --- being noticed

function notice(counts) {
  const now = counts.waiting + counts.unread + counts.for_me;
  if (badge) document.title = now ? `(${now}) ${title}` : title;
  if (sound && now > waiting) ring();
  waiting = now;
}

let speaker = null;
function ring() {
  try {
    speaker ??= new AudioContext();
    const tone = speaker.createOscillator(), volume = speaker.createGain(), at = speaker.currentTime;
    tone.frequency.setValueAtTime(660, at);
    tone.frequency.setValueAtTime(880, at + 0.12);
    volume.gain.setValueAtTime(0.08, at);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.4);
    tone.connect(volume).connect(speaker.destination);
    tone.start(at);
    tone.stop(at + 0.4);
  } catch { /* the browser wants a click first */ }
}

const stream = new EventSource(home + "/live");
let first = true;
stream.addEventListener("changed", (event) => {
  const { counts } = JSON.parse(event.data);
  if (first) waiting = counts.waiting + counts.unread + counts.for_me;
  notice(counts);
  // The first time, too, when the page is drawn: something may have changed between the page and the stream.
  if (first) setTimeout(update, 800);
  else update();
  first = false;
});
stream.addEventListener("typing", (event) => JSON.parse(event.data).forEach(writes));
stream.addEventListener("open", () => { if (!first) update(); });
addEventListener("pagehide", () => stream.close());

// --- start

if (chat) {
  const exact = document.querySelector(".exact");
  if (exact) exact.scrollIntoView({ block: "center" });
  else toEnd();
  seen();
  refresh(path("needs"), "needs").catch(() => { $("needs").hidden = true; });
  setInterval(seen, 60000);
  document.addEventListener("visibilitychange", seen);
}
$("back")?.addEventListener("click", (event) => {
  const line = event.target.closest("[data-line]")?.dataset.line, slots = $("slots");
  if (!line) return;
  slots.value = [slots.value.trimEnd(), line].filter(Boolean).join("\n");
  slots.focus();
});
if ($("composer")) startComposer({ chat, path, toEnd, act });
startKeys(inboxKeys());
// Another page's key led here: to write, to pass the chat on, to hand it back.
if (location.hash === "#text") $("text")?.focus();
else if (["#pass", "#back"].includes(location.hash)) document.querySelector(location.hash)?.showModal();
// Waiting times grow although nothing happens.
setInterval(async () => {
  if (document.hidden || busy) return;
  await refresh(location.href, "views", "queue", "head").catch(() => {});
  for (const id of writers.keys()) shows(id, true);
}, 30000);
document.querySelector(".chat[aria-current]")?.scrollIntoView({ block: "nearest" });
document.body.dataset.ready = "yes"; // from here on keys and buttons work
