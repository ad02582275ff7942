// What every page shares: times in the reader's own zone, passing notes, and pieces of a page that are fetched anew.
export const home = document.body.dataset.home;
const csrf = document.body.dataset.csrf;
const HEADERS = { "X-Requested-With": "console" };

export function toast(words) {
  const place = document.getElementById("toast");
  place.textContent = words;
  place.hidden = !words;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { place.hidden = true; }, 6000);
}

// A piece of markup from our own server, parsed by the browser's document loader: no string becomes markup here, and what is loaded this
// way runs no script.
export function fetchPage(path) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", path);
    request.responseType = "document";
    for (const [name, value] of Object.entries(HEADERS)) request.setRequestHeader(name, value);
    request.onload = () => {
      if (request.status === 401) location.reload();
      if (request.status < 300 && request.response) resolve(request.response);
      else reject(new Error(String(request.status)));
    };
    request.onerror = () => reject(new Error("offline"));
    request.send();
  });
}

const STOPS = "a[href], button, summary, [tabindex]";
const nameOf = (stop) => stop.id || stop.getAttribute("href") || `${stop.tagName} ${stop.dataset.post ?? ""} ${stop.textContent.trim()}`;

// Replaces the elements with these ids by those of the fetched page, which it returns; leaves alone what the reader is typing in, leaves
// open what they opened, and leaves the keyboard where it was.
export async function refresh(path, ...ids) {
  const page = await fetchPage(path);
  for (const id of ids) {
    const old = document.getElementById(id), fresh = page.getElementById(id);
    if (!old || !fresh || (old.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"))) continue;
    const made = document.importNode(fresh, true);
    localTimes(made);
    const opened = new Set([...old.querySelectorAll("details[open] > summary")].map((one) => one.textContent));
    for (const summary of made.querySelectorAll("details > summary")) if (opened.has(summary.textContent)) summary.parentElement.open = true;
    const stop = old.contains(document.activeElement) ? document.activeElement : null, at = [...old.querySelectorAll(STOPS)].indexOf(stop);
    old.replaceWith(made);
    if (stop) {
      const stops = [...made.querySelectorAll(STOPS)];
      (stops.find((one) => nameOf(one) === nameOf(stop)) ?? stops[at])?.focus({ preventScroll: true });
    }
  }
  return page;
}

// Posts a form's fields (or an object); the server's words on failure. Returns the answer's text.
export async function post(path, fields = {}) {
  const body = new URLSearchParams(fields);
  const answer = await fetch(path, { method: "POST", body, headers: { ...HEADERS, "X-CSRF-Token": csrf } }).catch(() => null);
  if (!answer) throw new Error("No connection just now. Nothing was changed.");
  const text = await answer.text();
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(text);
  return text;
}

// What is written is kept in this browser under a name, until it is sent: a reload loses nothing.
export function kept(name, otherwise) {
  try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; }
}

export function keep(name, value) {
  try { value?.length ? localStorage.setItem(name, JSON.stringify(value)) : localStorage.removeItem(name); } catch { /* full */ }
}

// Made once: to make one takes longer than to use it many times.
const WHOLE = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" }), DAY = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
const DATE = new Intl.DateTimeFormat([], { dateStyle: "medium" });

export function localTimes(root) {
  const now = new Date(), today = now.toDateString();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime), clock = CLOCK.format(at);
    element.title = WHOLE.format(at);
    const day = at.getFullYear() === now.getFullYear() ? `${DAY.format(at)}, ${clock}` : DATE.format(at);
    element.textContent = at.toDateString() === today ? clock : day;
  }
}

localTimes(document);
if (!document.getElementById("toast").hidden) toast(document.getElementById("toast").textContent);
