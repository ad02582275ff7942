// The storefront's little helpers: what was looked at, adding to the cart without leaving the page, opening the chat.
"use strict";

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

function record(kind, about) {
  const events = [{ event_id: newKey(), kind, ...about }];
  fetch("/api/events", {
    method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify(events),
  }).catch(() => {}); // an event that is lost is no reason to bother anybody
}

function say(text) {
  const toast = document.querySelector(".toast");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.hidden = true; }, 4000);
}

function showCount(count) {
  for (const badge of document.querySelectorAll("[data-cart-count]")) {
    badge.textContent = count;
    badge.hidden = !count;
  }
}

async function refreshCart() {
  const answer = await fetch("/api/cart").catch(() => null);
  if (answer && answer.ok) showCount((await answer.json()).count);
}

async function add(form) {
  const button = form.querySelector("[type=submit]");
  const wish = { sku: form.dataset.add, quantity: Number(form.elements.quantity.value) || 1, key: newKey() };
  button.disabled = true;
  try {
    const answer = await fetch("/api/cart/lines", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish),
    });
    const content = await answer.json();
    if (answer.ok) {
      showCount(content.count);
      say("Added to your cart, which comes to " + content.total + ".");
    } else say(content.detail);
  } catch {
    say("No connection just now. Nothing was added; please try again.");
  } finally {
    button.disabled = false;
  }
}

const page = document.body.dataset;
if (page.view) record("view", { sku: page.view });
if (page.search) record("search", { query: page.search });

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-click]");
  if (link) record("click", { sku: link.dataset.click });
  if (event.target.closest("[data-open-chat]") && window.shopkeeper) window.shopkeeper.open();
});
document.addEventListener("submit", (event) => {
  if (event.target.dataset.add) {
    event.preventDefault();
    add(event.target);
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});
addEventListener("shopkeeper:cart", refreshCart);
addEventListener("pageshow", (event) => { if (event.persisted) refreshCart(); });
