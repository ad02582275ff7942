// The chat: history, live messages, typing, sending. drawing.js makes the elements, sending.js keeps what is not sent yet.
import { drawMessage, element } from "./drawing.js";
import { Outgoing, memory } from "./sending.js";

const $ = (id) => document.getElementById(id);
const log = $("log"), scroll = $("scroll"), text = $("text"), form = $("composer"), replies = $("replies"), welcome = $("welcome");
const embedded = window.parent !== window;
const READ = "shopkeeper.read";

let lastId = 0; // of the newest message drawn
let firstId = null; // of the oldest
let source = null;
let shown = !embedded;
let unread = 0;
let lostTimer = 0;
const unsent = new Map(); // client message id -> its element
let lastDrawn = null;

const act = { say: (words) => say(words), press: (words, command) => say(words, command), rate, thumb };
let withPerson = false; // whether somebody would like to see that the customer is writing
let toldTyping = 0;
const outgoing = new Outgoing({
  sent: (message) => { mark(message, ""); connect(); toParent({ type: "begun" }); },
  failed: (message, why) => mark(message, why),
  offline: (is) => offline(is),
});

// --- drawing

function atEnd() {
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
}

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
}

function draw(message, fresh) {
  if (message.id <= lastId) return;
  lastId = message.id;
  firstId ??= message.id;
  const follow = atEnd() || message.author === "customer";
  const waiting = message.client_message_id && unsent.get(message.client_message_id);
  if (message.client_message_id) outgoing.settle(message.client_message_id);
  let item = waiting;
  if (waiting) {
    unsent.delete(message.client_message_id);
    item.classList.remove("unsent");
    item.querySelector(".state")?.remove();
  } else {
    item = drawMessage(message, act);
    if (fresh) item.classList.add("fresh");
  }
  separate(message, item);
  log.insertBefore(item, log.querySelector(".unsent"));
  if (message.author !== "customer") withPerson = message.author === "agent" || message.author === "system";
  if (message.author !== "customer") offer(message.quick_replies || []);
  else offer([]);
  welcome.hidden = true;
  if (fresh && message.author !== "customer") notice(message);
  if (follow) requestAnimationFrame(toEnd);
}

// A change of speaker gets a little room, a long pause its time.
function separate(message, item) {
  const at = new Date(message.at);
  if (!lastDrawn || at - lastDrawn.at > 30 * 60 * 1000) log.insertBefore(moment(at), log.querySelector(".unsent"));
  else if (lastDrawn.author !== message.author) item.classList.add("first");
  item.title = at.toLocaleString();
  lastDrawn = { at, author: message.author };
}

function moment(at) {
  const today = new Date().toDateString() === at.toDateString();
  const clock = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const item = element("li", "moment", today ? clock : at.toLocaleDateString([], { day: "numeric", month: "long" }) + ", " + clock);
  return item;
}

function drawUnsent(message) {
  const item = drawMessage({ author: "customer", text: message.text }, act);
  item.classList.add("unsent", "first");
  unsent.set(message.client_message_id, item);
  log.append(item);
  welcome.hidden = true;
  toEnd();
}

function mark(message, why) {
  const item = unsent.get(message.client_message_id);
  if (!item) return;
  item.querySelector(".state")?.remove();
  if (why) {
    item.append(element("p", "state failed", why));
    unsent.delete(message.client_message_id);
    item.classList.remove("unsent");
  }
}

function offer(options) {
  replies.replaceChildren(...options.map((words) => {
    const button = element("button", "reply", words);
    button.type = "button";
    button.addEventListener("click", () => { say(words); text.focus({ preventScroll: true }); });
    return button;
  }));
  replies.hidden = !options.length;
}

function offline(is) {
  document.querySelector(".offline").hidden = !is;
}

// --- unread

function notice(message) {
  if (shown && !document.hidden) return remember();
  unread += 1;
  toParent({ type: "unread", count: unread });
  if (message.cart || message.order) toParent({ type: "cart" });
}

function remember() {
  unread = 0;
  memory.set(READ, lastId);
  toParent({ type: "unread", count: 0 });
}

// --- talking to the shop

function say(words, command) {
  const plain = words.trim();
  if (!plain) return;
  offer([]);
  drawUnsent(outgoing.add(plain, command));
  outgoing.flush();
}

async function rate(id, score, comment) {
  const answer = await fetch("/api/surveys/" + id, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ score, comment }),
  }).catch(() => null);
  return Boolean(answer?.ok);
}

async function thumb(id, up) {
  const answer = await fetch("/api/thumbs/" + id, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ up }),
  }).catch(() => null);
  return Boolean(answer?.ok);
}

function tellTyping() {
  if (!withPerson || !text.value || Date.now() - toldTyping < 3000) return;
  toldTyping = Date.now();
  fetch("/api/typing", { method: "POST" }).catch(() => {});
}

async function load() {
  log.setAttribute("aria-live", "off"); // history is not news
  try {
    const answer = await fetch("/api/history");
    if (!answer.ok) throw new Error(answer.status);
    const { messages, more } = await answer.json();
    for (const message of messages) draw(message, false);
    $("earlier").hidden = !more;
    if (shown) remember();
    else if (messages.length) {
      const read = memory.get(READ, 0);
      unread = messages.filter((message) => message.id > read && message.author !== "customer").length;
      toParent({ type: "unread", count: unread });
    }
    offline(false);
    if (messages.length) connect();
  } catch {
    offline(true);
    setTimeout(load, 3000);
  }
  for (const message of outgoing.queue) if (!unsent.has(message.client_message_id)) drawUnsent(message);
  outgoing.flush();
  welcome.hidden = log.childElementCount > 0;
  requestAnimationFrame(() => { toEnd(); log.setAttribute("aria-live", "polite"); });
}

async function earlier() {
  const answer = await fetch("/api/history?before=" + firstId).catch(() => null);
  if (!answer?.ok) return;
  const { messages, more } = await answer.json();
  const height = scroll.scrollHeight;
  const anchor = log.firstChild;
  for (const message of messages) log.insertBefore(drawMessage(message, act), anchor);
  if (messages.length) firstId = messages[0].id;
  $("earlier").hidden = !more;
  scroll.scrollTop += scroll.scrollHeight - height;
}

function connect() {
  if (source || document.hidden) return;
  source = new EventSource("/api/stream?after=" + lastId);
  source.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    draw(message, true);
    if (message.cart || /cart/i.test(message.text || "")) toParent({ type: "cart" });
  });
  source.addEventListener("typing", (event) => {
    $("typing").hidden = event.data !== "true";
    if (event.data === "true" && atEnd()) requestAnimationFrame(toEnd);
  });
  source.addEventListener("open", () => { clearTimeout(lostTimer); offline(false); });
  source.addEventListener("error", () => {
    $("typing").hidden = true;
    clearTimeout(lostTimer);
    if (source?.readyState === EventSource.CLOSED) {
      disconnect();
      setTimeout(connect, 3000);
    }
    lostTimer = setTimeout(() => offline(true), 2500);
  });
}

function disconnect() {
  source?.close();
  source = null;
  clearTimeout(lostTimer);
}

function restart() {
  disconnect();
  outgoing.forget();
  unsent.clear();
  log.replaceChildren();
  lastId = 0;
  firstId = null;
  lastDrawn = null;
  offer([]);
  load();
}

async function signIn(token) {
  const answer = await fetch("/api/session/identify", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }),
  }).catch(() => null);
  if (answer?.ok) restart();
}

// --- the page around us

function toParent(message) {
  if (embedded) window.parent.postMessage({ shopkeeper: message }, "*"); // nothing secret: a count, a wish to close
}

const trusted = [location.origin, ...document.body.dataset.origins.split(" ").filter(Boolean)];
addEventListener("message", (event) => {
  if (event.source !== window.parent || !trusted.includes(event.origin)) return;
  const message = event.data?.shopkeeper;
  if (message?.type === "shown") {
    shown = true;
    remember();
    toEnd();
    if (message.focus) text.focus();
  } else if (message?.type === "hidden") shown = false;
  else if (message?.type === "sign-in" && typeof message.token === "string") signIn(message.token);
});

document.addEventListener("visibilitychange", () => {
  // Browsers allow few connections to one server: a hidden tab gives its own up and catches up when it is seen again.
  if (document.hidden) disconnect();
  else {
    if (lastId) connect();
    if (shown) remember();
  }
});

// --- writing

function fit() {
  text.style.height = "auto";
  text.style.height = Math.min(text.scrollHeight + 2, 132) + "px";
  form.querySelector(".send").disabled = !text.value.trim();
  const left = text.maxLength - text.value.length;
  $("left").hidden = left > 200;
  $("left").textContent = left === 1 ? "1 character left" : left + " characters left";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  say(text.value);
  text.value = "";
  fit();
});
text.addEventListener("input", () => { fit(); tellTyping(); });
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
addEventListener("keydown", (event) => { if (event.key === "Escape") toParent({ type: "close" }); });
$("earlier").addEventListener("click", earlier);
$("close").hidden = !embedded;
$("close").addEventListener("click", () => toParent({ type: "close" }));
for (const button of welcome.querySelectorAll(".reply")) button.addEventListener("click", () => say(button.textContent));

const colour = new URLSearchParams(location.search).get("colour");
if (/^#[0-9a-f]{3,8}$/i.test(colour || "")) {
  document.documentElement.style.setProperty("--accent", colour);
  document.documentElement.style.setProperty("--accent-ink", "#fff");
}
fit();
toParent({ type: "ready" });
load();
