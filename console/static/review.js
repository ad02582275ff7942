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

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey || !tasks.length) return;
  const task = tasks[at], press = (selector) => { const button = task.querySelector(selector); if (button) task.requestSubmit(button); };
  if (event.key === "j") go(at + 1);
  else if (event.key === "k") go(at - 1);
  else if (event.key === "a") press("[data-state=accepted]");
  else if (event.key === "x") press("[data-state=ignored]");
  else if (event.key === "c") { event.preventDefault(); task.querySelector("[data-other]").focus(); }
  else if (/^[1-4]$/.test(event.key)) press(`[data-key="${event.key}"]`);
  else return;
  event.stopPropagation();
});
go(0);
