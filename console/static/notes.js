// Notes for colleagues: what is written is kept until it is added, and "@" offers the colleagues' names.
import { keep, kept } from "./page.js";

const $ = (id) => document.getElementById(id);
const called = (name) => name.toLowerCase().replaceAll(" ", ".");

export function startNotes(chat) {
  const note = $("note"), names = $("names"), NOTE = "console.note." + chat;

  function offer() {
    const started = note.value.slice(0, note.selectionStart).match(/@([\w.]*)$/);
    const colleagues = [...$("assign").options].filter((one) => one.value).map((one) => one.text);
    const fitting = started ? colleagues.filter((name) => called(name).includes(started[1].toLowerCase())).slice(0, 5) : [];
    names.replaceChildren(...fitting.map((name) => button(name, started)));
    names.hidden = !fitting.length;
  }

  function button(name, started) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = name;
    made.addEventListener("click", () => {
      const before = note.value.slice(0, started.index) + "@" + called(name) + " ";
      note.value = before + note.value.slice(started.index + started[0].length).trimStart();
      keep(NOTE, note.value);
      names.hidden = true;
      note.focus();
      note.setSelectionRange(before.length, before.length);
    });
    return made;
  }

  note.value = kept(NOTE, "");
  note.addEventListener("input", () => { keep(NOTE, note.value); offer(); });
  note.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !names.hidden) { event.preventDefault(); names.querySelector("button").focus(); }
  });
  $("note-form").addEventListener("submit", () => { keep(NOTE, ""); names.hidden = true; });
}
