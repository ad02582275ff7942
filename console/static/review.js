// Decisions by key, and only about the messages that are ticked.
import { toast } from "./page.js";

const tasks = [...document.querySelectorAll(".task")];
let at = 0;

function go(to) {
  at = Math.max(0, Math.min(tasks.length - 1, to));
  if (tasks[at]) {
    tasks[at].focus({ preventScroll: true });
    tasks[at].scrollIntoView({ block: "nearest" });
  }
}

for (const [place, task] of tasks.entries()) {
  task.addEventListener("focusin", () => { at = place; });
  task.addEventListener("submit", (event) => {
    const button = event.submitter, other = task.querySelector("[data-other]");
    const ticked = [...task.querySelectorAll("[data-lesson]:checked")].map((box) => box.dataset.lesson);
    task.elements.lessons.value = ticked.join(",");
    task.elements.state.value = button?.dataset.state ?? "corrected";
    other.name = button?.name === "intent" || button?.dataset.state ? "" : "intent";
    if (!ticked.length || (other.name && !other.value.trim())) {
      event.preventDefault();
      toast(ticked.length ? "Choose an intent first." : "Tick at least one message.");
      if (ticked.length) other.focus();
    }
  });
  // Enter in a field means the field's own button, not the first one of the form.
  task.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input:not([type=checkbox])")) {
      event.preventDefault();
      task.requestSubmit(task.querySelector("[data-correct]"));
    }
    if (event.key === "Escape") task.focus();
  });
}

// --- entities of a message: words are chosen by mouse, or typed; the field with all of them is what counts

function marked(task) {
  const said = task.querySelector("[data-said]"), field = task.elements.entities;
  if (!said) return;
  const text = said.dataset.said, places = [];
  for (const part of field.value.split(",")) {
    const [name, value] = part.split("=").map((piece) => piece.trim());
    const start = value ? text.toLowerCase().indexOf(value.toLowerCase()) : -1;
    if (start >= 0) places.push({ name, start, end: start + value.length });
  }
  const nodes = [];
  let at = 0;
  for (const { name, start, end } of places.sort((one, other) => one.start - other.start)) {
    if (start < at) continue;
    const mark = document.createElement("mark"), about = document.createElement("small");
    about.textContent = name;
    mark.append(text.slice(start, end), about);
    nodes.push(text.slice(at, start), mark);
    at = end;
  }
  said.replaceChildren(...nodes, text.slice(at));
}

// The selected words of a message, without the names that stand in its marks.
function selected(said) {
  const selection = document.getSelection();
  if (!selection.rangeCount || selection.isCollapsed || !said.contains(selection.anchorNode)) return "";
  const words = selection.getRangeAt(0).cloneContents();
  for (const about of words.querySelectorAll("small")) about.remove();
  return words.textContent.trim();
}

function mark(task) {
  const kind = task.querySelector("[data-kind]"), chosen = task.querySelector("[data-chosen]"), field = task.elements.entities;
  const words = chosen.dataset.words, name = kind.value.trim();
  if (!words || !name) {
    toast(words ? "Say what the words are." : "Select words of the message first, or write name=value into the field.");
    (words ? kind : field).focus();
    return;
  }
  const others = field.value.split(",").map((part) => part.trim()).filter((part) => part && part.split("=")[1]?.trim().toLowerCase() !== words.toLowerCase());
  field.value = [...others, `${name}=${words}`].join(", ");
  delete chosen.dataset.words;
  chosen.textContent = "words of the message";
  kind.value = "";
  marked(task);
}

for (const task of tasks.filter((one) => one.querySelector("[data-said]"))) {
  const said = task.querySelector("[data-said]"), kind = task.querySelector("[data-kind]"), chosen = task.querySelector("[data-chosen]");
  said.addEventListener("mouseup", () => {
    const words = selected(said);
    if (!words) return;
    chosen.dataset.words = words;
    chosen.textContent = `“${words}”`;
    kind.focus();
  });
  said.addEventListener("click", (event) => event.preventDefault()); // the words stand in the label of a box
  task.querySelector("[data-mark]").addEventListener("click", () => mark(task));
  kind.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); event.stopImmediatePropagation(); mark(task); } }, true);
  task.elements.entities.addEventListener("input", () => marked(task));
}

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey || !tasks.length) return;
  const task = tasks[at], press = (selector) => { const button = task.querySelector(selector); if (button) task.requestSubmit(button); };
  if (event.key === "j") go(at + 1);
  else if (event.key === "k") go(at - 1);
  else if (event.key === "a") press("[data-state=accepted]");
  else if (event.key === "x") press("[data-state=ignored]");
  else if (event.key === "m") { event.preventDefault(); task.elements.entities?.focus(); }
  else if (event.key === "c") { event.preventDefault(); task.querySelector("[data-other]").focus(); }
  else if (/^[1-4]$/.test(event.key)) press(`[data-key="${event.key}"]`);
  else return;
  event.stopPropagation();
});
go(0);
