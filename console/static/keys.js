// Every step has a key; in a field keys write.
export function startKeys() {
  const $ = (id) => document.getElementById(id);
  const press = (selector) => document.querySelector(selector)?.click();
  const go = (by) => {
    const chats = [...document.querySelectorAll("#queue .chat")];
    const here = chats.findIndex((one) => one.hasAttribute("aria-current"));
    const next = chats[here < 0 ? 0 : Math.min(Math.max(here + by, 0), chats.length - 1)];
    if (next && !next.hasAttribute("aria-current")) location.assign(next.href);
  };
  const KEYS = {
    j: () => go(1), k: () => go(-1), t: () => press("#take"), r: () => $("text")?.focus(), n: () => $("note")?.focus(), "#": () => $("tag")?.focus(),
    a: () => $("assign")?.focus(), f: () => press('#head [data-post="flag"]'), s: () => press('#head [data-post="save"]'),
    v: () => press('#head [data-post="review"]'), p: () => press('#head [data-open="pass"]'), b: () => press('#head [data-open="back"]'),
    e: () => press('#head [data-post="resolve"]'), g: () => press("#suggest"), "?": () => $("keys").showModal(),
  };
  addEventListener("keydown", (event) => {
    const field = event.target.closest("input, textarea, select");
    if (field && event.key === "Escape") return field.blur();
    if (field || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const act = KEYS[event.key];
    if (act) { event.preventDefault(); act(); }
  });
}
