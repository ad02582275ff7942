// A list of conversations: the filter that is put together by mouse, and the keys.
import { remember } from "./found.js";
import { startKeys } from "./keys.js";

const query = document.getElementById("q");
if (query) {
  const field = document.getElementById("field"), operator = document.getElementById("operator"), value = document.getElementById("value");
  const hint = () => {
    const choices = "of-" + field.value;
    if (document.getElementById(choices)) value.setAttribute("list", choices);
    else value.removeAttribute("list");
    value.placeholder = field.selectedOptions[0].dataset.example.replace(/^\w+(:|<=?|>=?)/, "");
  };
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

// --- going through what was found

const threads = [...document.querySelectorAll(".thread")];
remember(threads);
const step = (by) => threads[Math.min(Math.max(threads.indexOf(document.activeElement) + by, 0), threads.length - 1)]?.focus();
startKeys({ j: () => step(1), k: () => step(-1), "/": () => query?.focus() });
document.body.dataset.ready = "yes";
