// The filter that is put together by mouse, and messages that come as one scrolls.
import { fetchPage, localTimes, toast } from "./page.js";

const query = document.getElementById("q");
if (query) {
  const field = document.getElementById("field"), operator = document.getElementById("operator"), value = document.getElementById("value");
  const hint = () => { value.placeholder = field.selectedOptions[0].dataset.example.replace(/^\w+(:|<=?|>=?)/, ""); };
  field.addEventListener("change", hint);
  hint();
  for (const button of document.querySelectorAll("[data-add]")) {
    button.addEventListener("click", () => {
      const words = value.value.trim();
      if (!words) { value.focus(); return; }
      const written = /^[\w.@=*-]+$/.test(words) ? words : `"${words.replace(/["\\]/g, "\\$&")}"`;
      const condition = field.value + operator.value + written, before = query.value.trim();
      const joined = { AND: `${before} ${condition}`, OR: before ? `(${before}) OR ${condition}` : condition, NOT: `${before} -${condition}` };
      query.value = joined[button.dataset.add].trim();
      value.value = "";
      query.focus();
    });
  }
}

const said = document.getElementById("said");
if (said) {
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
}
