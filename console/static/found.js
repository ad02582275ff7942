// The list of conversations that was found last, so that one goes from each to the next.
import { toast } from "./page.js";

const FOUND = "console.found";

export function remember(links) {
  try { sessionStorage.setItem(FOUND, JSON.stringify(links.map((link) => link.pathname + link.search))); } catch { /* then there is no next */ }
}

export function neighbour(by) {
  let all = [];
  try { all = JSON.parse(sessionStorage.getItem(FOUND)) ?? []; } catch { /* as if nothing had been found */ }
  const here = all.findIndex((path) => path.split("?")[0] === location.pathname), next = all[here + by];
  if (here >= 0 && next) location.assign(next);
  else toast(here < 0 ? "Open a conversation from a list to go to the next one." : by > 0 ? "This is the last one of the list." : "This is the first one of the list.");
}
