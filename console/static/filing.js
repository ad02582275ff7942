// Buttons and small forms that do something to a conversation: flags, tags, assignment, notes, and the steps of a chat. After each,
// `update` shows the page as it is then.
import { home, post, toast } from "./page.js";
import { startNotes } from "./notes.js";

const $ = (id) => document.getElementById(id);

export function startFiling(chat, update) {
  const path = (what) => `${home}/inbox/${chat}/${what}`;

  async function act(what, fields = {}) {
    try {
      await post(path(what), fields);
      await update(what);
    } catch (error) {
      toast(error.message);
    }
  }

  function askReason(what, title) {
    const dialog = $("ask");
    $("ask-title").textContent = title;
    dialog.onclose = () => {
      if (dialog.returnValue === "yes") act(what, { reason: $("reason").value, key: crypto.randomUUID() });
      dialog.returnValue = $("reason").value = "";
    };
    dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { post: what, open, ask, tag } = button.dataset;
    if (what) act(what, { ...(tag ? { tag } : {}), ...("keyed" in button.dataset ? { key: crypto.randomUUID() } : {}) });
    else if (open) $(open).showModal();
    else if (ask) askReason(ask, button.dataset.title);
  });
  for (const dialog of document.querySelectorAll("dialog:has(form[data-do])")) {
    const form = dialog.querySelector("form");
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "yes") act(form.dataset.do, Object.fromEntries(new FormData(form)));
      dialog.returnValue = "";
    });
  }
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-do]");
    if (!form || form.closest("dialog")) return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    form.reset();
    await act(form.dataset.do, fields);
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "assign") act("assign", { to: event.target.value });
  });
  if (chat) startNotes(chat);
  return { act, path };
}
