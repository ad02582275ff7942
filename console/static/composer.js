// Writing to the customer. What is written is kept in this browser until the server has it: a reload, or a broken line, loses nothing,
// and a message that is sent twice arrives once.
import { fetchPage, keep, kept, post, toast } from "./page.js";

export function startComposer({ chat, path, toEnd, act }) {
  const $ = (id) => document.getElementById(id);
  const form = $("composer"), text = $("text"), offers = $("offers");
  const DRAFT = "console.draft." + chat, UNSENT = "console.unsent." + chat;
  let unsent = kept(UNSENT, []);
  let sending = false, typing = 0;

  text.value = kept(DRAFT, "");

  async function flush() {
    if (sending) return;
    sending = true;
    while (unsent.length) {
      $("unsent").textContent = unsent.length > 1 ? `${unsent.length} messages are being sent` : "";
      try {
        await post(path("say"), unsent[0]);
      } catch (error) {
        if (error.message.startsWith("No connection")) {
          $("unsent").textContent = "No connection: kept, and sent when it is back";
          setTimeout(flush, 3000);
        } else {
          toast(error.message);
          text.value = [unsent.map((message) => message.text).join("\n"), text.value].filter(Boolean).join("\n");
          unsent = [];
          keep(UNSENT, unsent);
          keep(DRAFT, text.value);
        }
        sending = false;
        return;
      }
      unsent = unsent.slice(1);
      keep(UNSENT, unsent);
      $("unsent").textContent = "";
      toEnd();
    }
    sending = false;
  }

  function send() {
    const words = text.value.trim();
    if (!words) return;
    unsent = [...unsent, { text: words, key: crypto.randomUUID() }];
    keep(UNSENT, unsent);
    text.value = "";
    keep(DRAFT, "");
    offer([]);
    typing = 0;
    flush();
  }

  function writes() {
    keep(DRAFT, text.value);
    if (Date.now() - typing > 4000 && text.value) {
      typing = Date.now();
      post(path("here"), { typing: "yes" }).catch(() => {});
    }
    if (!text.value && typing) {
      typing = 0;
      post(path("here"), { typing: "no" }).catch(() => {});
    }
    ready();
  }

  // --- ready answers and suggestions

  function offer(buttons) {
    offers.replaceChildren(...buttons);
    offers.hidden = !buttons.length;
  }

  function ready() {
    const started = text.value.match(/^\/([\w-]*)$/);
    const all = [...document.getElementById("replies").content.children];
    offer(started ? all.filter((one) => one.dataset.short.startsWith(started[1].toLowerCase())).slice(0, 6).map((one) => document.importNode(one, true)) : []);
  }

  offers.addEventListener("click", (event) => {
    const chosen = event.target.closest("button");
    if (!chosen) return;
    text.value = chosen.dataset.text;
    keep(DRAFT, text.value);
    offer([]);
    text.focus();
  });

  async function suggest() {
    $("suggest").disabled = true;
    try {
      const page = await fetchPage(path("suggestions"));
      const found = [...page.querySelectorAll(".offer")].map((one) => document.importNode(one, true));
      offer(found);
      if (found.length) offers.querySelector("button").focus();
      else toast("Nobody has answered anything like this yet.");
    } catch {
      toast("There are no suggestions just now.");
    }
    $("suggest").disabled = false;
  }

  // --- products

  let asked = 0;
  $("q").addEventListener("input", () => {
    clearTimeout(asked);
    asked = setTimeout(async () => {
      const page = await fetchPage(path("products?q=" + encodeURIComponent($("q").value))).catch(() => null);
      if (page) $("found").replaceChildren(...[...page.getElementById("found").children].map((one) => document.importNode(one, true)));
    }, 180);
  });
  $("q").addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  $("found").addEventListener("click", (event) => {
    const sku = event.target.closest("button")?.dataset.drop;
    if (!sku) return;
    $("shelf").close();
    act("product", { sku, key: crypto.randomUUID() });
  });

  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  text.addEventListener("input", writes);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); send(); }
    if (event.key === "ArrowDown" && !offers.hidden) { event.preventDefault(); offers.querySelector("button")?.focus(); }
    else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !offers.hidden) { event.preventDefault(); offers.querySelector("button")?.click(); }
  });
  $("suggest").addEventListener("click", suggest);
  flush();
}
