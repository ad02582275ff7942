// The chat on any page: <script src="https://your-shopkeeper/widget.js" data-token="..." data-colour="#17566b" data-label="Chat"></script>
// It adds a button and, once opened, a frame. window.shopkeeper.open(), .close() and .signIn(token) steer it.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.shopkeeper) return;
  const home = new URL(script.src).origin;
  const colour = /^#[0-9a-f]{3,8}$/i.test(script.dataset.colour || "") ? script.dataset.colour : "#17566b";
  const label = script.dataset.label || "Chat with us";
  const phone = matchMedia("(max-width: 520px)");
  let frame = null;
  let ready = false;
  let open = false;
  let waiting = [];

  const kept = {
    get(name) { try { return localStorage.getItem("shopkeeper." + name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem("shopkeeper." + name, value); } catch { /* a private window: nothing is remembered */ } },
  };

  const style = (element, rules) => Object.assign(element.style, rules);

  const button = document.createElement("button");
  button.type = "button";
  button.id = "shopkeeper-launcher";
  button.setAttribute("aria-label", label);
  button.setAttribute("aria-expanded", "false");
  style(button, {
    position: "fixed", right: "20px", bottom: "20px", width: "62px", height: "62px", border: "0", borderRadius: "50%", background: colour,
    color: "#fff", cursor: "pointer", boxShadow: "0 6px 24px rgb(0 0 0 / 25%)", zIndex: "2147483000", display: "grid", placeItems: "center",
  });
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  style(picture, { width: "30px", height: "30px", fill: "none", stroke: "currentColor", strokeWidth: "1.8", strokeLinecap: "round", strokeLinejoin: "round" });
  for (const shape of ["M20.5 11.5c0 4.1-3.8 7.3-8.5 7.3-1 0-2-.1-2.9-.4L4.5 20l1.2-3.6c-1.4-1.3-2.2-3-2.2-4.9 0-4.1 3.8-7.3 8.5-7.3s8.5 3.2 8.5 7.3z", "M8.5 11.5h.01M12 11.5h.01M15.5 11.5h.01"]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", shape);
    picture.append(path);
  }
  const badge = document.createElement("span");
  badge.hidden = true;
  style(badge, {
    position: "absolute", top: "-3px", right: "-3px", minWidth: "22px", height: "22px", padding: "0 6px", boxSizing: "border-box", borderRadius: "11px",
    background: "#b8502f", color: "#fff", font: "700 12px/22px system-ui, sans-serif", textAlign: "center",
  });
  button.append(picture, badge);

  function place() {
    const small = phone.matches;
    style(frame, small
      ? { inset: "0", width: "100%", height: "100%", maxHeight: "none", borderRadius: "0" }
      : { inset: "auto 20px 96px auto", width: "400px", height: "min(680px, calc(100vh - 120px))", maxHeight: "680px", borderRadius: "20px" });
    button.style.display = open && small ? "none" : "grid";
  }

  function load() {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = label;
    frame.id = "shopkeeper-frame";
    frame.allow = "";
    frame.src = home + "/chat?embedded=1&colour=" + encodeURIComponent(script.dataset.colour ? colour : "");
    style(frame, { position: "fixed", border: "0", zIndex: "2147483001", boxShadow: "0 12px 48px rgb(0 0 0 / 28%)", background: "transparent", colorScheme: "normal", display: "none" });
    document.body.append(frame);
    place();
  }

  function tell(message) {
    if (ready) frame.contentWindow.postMessage({ shopkeeper: message }, home);
    else waiting.push(message);
  }

  function show(wanted, focus = true) {
    load();
    open = wanted;
    frame.style.display = open ? "block" : "none";
    button.setAttribute("aria-expanded", String(open));
    button.setAttribute("aria-label", open ? "Close the chat" : label);
    place();
    try { sessionStorage.setItem("shopkeeper.open", open ? "1" : ""); } catch { /* as above */ }
    tell({ type: open ? "shown" : "hidden", focus });
    if (open && focus) frame.focus();
    if (!open && focus) button.focus();
  }

  function count(unread) {
    badge.hidden = !unread;
    badge.textContent = unread > 9 ? "9+" : String(unread);
    if (!open) button.setAttribute("aria-label", unread ? label + ", " + unread + " unread" : label);
  }

  addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== home) return;
    const message = event.data && event.data.shopkeeper;
    if (!message) return;
    if (message.type === "ready") {
      ready = true;
      waiting.forEach(tell);
      waiting = [];
    } else if (message.type === "close") show(false);
    else if (message.type === "unread") count(Number(message.count) || 0);
    else if (message.type === "begun") kept.set("begun", "1");
    else if (message.type === "cart") dispatchEvent(new CustomEvent("shopkeeper:cart"));
  });

  button.addEventListener("click", () => show(!open));
  addEventListener("keydown", (event) => { if (event.key === "Escape" && open) show(false); });
  phone.addEventListener("change", () => frame && place());

  window.shopkeeper = {
    open: () => show(true),
    close: () => show(false),
    signIn: (token) => { load(); tell({ type: "sign-in", token: String(token) }); },
  };

  function start() {
    document.body.append(button);
    let wasOpen = "";
    try { wasOpen = sessionStorage.getItem("shopkeeper.open"); } catch { /* as above */ }
    if (script.dataset.token) window.shopkeeper.signIn(script.dataset.token);
    if (wasOpen && !phone.matches) show(true, false);
    else if (kept.get("begun")) load(); // for the badge
  }
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
