// Every step has a key; in a field keys write. The dialog `keys` of a page says which there are.
const $ = (id) => document.getElementById(id);
const press = (selector) => document.querySelector(selector)?.click();

// What every page of a conversation has.
export const FILING = {
  f: () => press('[data-post="flag"]'), s: () => press('[data-post="save"]'), v: () => press('[data-post="review"]'), t: () => press("#take"),
  "#": () => $("tag")?.focus(), a: () => $("assign")?.focus(), n: () => $("note")?.focus(),
};

export function startKeys(keys) {
  const all = { ...keys, "?": () => $("keys").showModal() };
  addEventListener("keydown", (event) => {
    const field = event.target.closest("input, textarea, select");
    if (field && event.key === "Escape") return field.blur();
    if (field || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const act = all[event.key];
    if (act) { event.preventDefault(); act(); }
  });
}

// The keys of the chat in the inbox.
export function inboxKeys() {
  const go = (by) => {
    const chats = [...document.querySelectorAll("#queue .chat")];
    const here = chats.findIndex((one) => one.hasAttribute("aria-current"));
    const next = chats[here < 0 ? 0 : Math.min(Math.max(here + by, 0), chats.length - 1)];
    if (next && !next.hasAttribute("aria-current")) location.assign(next.href);
  };
  return {
    ...FILING, j: () => go(1), k: () => go(-1), r: () => $("text")?.focus(), p: () => press('#head [data-open="pass"]'),
    b: () => press('#head [data-open="back"]'), e: () => press('#head [data-post="resolve"]'), g: () => press("#suggest"),
  };
}
