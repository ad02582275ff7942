// A transcript: messages that come as one scrolls, the keys, and how colleagues keep order in it.
import { fetchPage, home, localTimes, refresh, toast } from "./page.js";
import { startFiling } from "./filing.js";
import { FILING, startKeys } from "./keys.js";
import { neighbour } from "./found.js";

const { chat } = document.body.dataset;
const inInbox = (hash = "") => location.assign(`${home}/inbox/${chat}?view=all${hash}`);
const said = document.getElementById("said");

const watch = new IntersectionObserver((seen) => {
  for (const one of seen) if (one.isIntersecting) load(one.target);
}, { rootMargin: "600px" });

async function load(link) {
  watch.unobserve(link);
  const place = link.closest("li"), earlier = link.dataset.more === "earlier", height = document.documentElement.scrollHeight;
  try {
    const page = await fetchPage(link.href);
    const found = [...page.querySelectorAll("#said > li")].filter((li) => li.id || li.firstElementChild.dataset.more === link.dataset.more);
    const fresh = found.map((li) => document.importNode(li, true));
    place.replaceWith(...fresh);
    for (const li of fresh) localTimes(li);
    if (earlier) window.scrollBy(0, document.documentElement.scrollHeight - height);
    for (const li of fresh) if (!li.id) watch.observe(li.firstElementChild);
  } catch {
    toast("More messages could not be fetched just now.");
  }
}

const meant = said.querySelector(".meant");
if (meant) meant.scrollIntoView({ block: "center" });
else if (!location.hash && !/[?&](before|after)=/.test(location.search)) window.scrollTo(0, document.documentElement.scrollHeight);
setTimeout(() => { for (const link of said.querySelectorAll("[data-more]")) watch.observe(link); }, 300);

startFiling(chat, (what) => what === "take" ? inInbox("#text") : refresh(location.href, "marks", "kept", "filing", "notes"));
startKeys({
  ...FILING, ...Object.fromEntries(["n", "#", "a"].map((key) => [key, () => { document.getElementById("keeping").open = true; FILING[key](); }])),
  j: () => neighbour(1), k: () => neighbour(-1), r: () => inInbox("#text"), b: () => inInbox("#back"), p: () => inInbox("#pass"),
  c: () => said.querySelector("li:focus-within form button, li:hover form button")?.click(),
});
document.body.dataset.ready = "yes";
