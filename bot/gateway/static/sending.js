// What the customer wrote is kept in the browser until the shop has it on disk. Sent again after a break or a reload it carries the
// same id, so the shop knows it for the same message.

const KEPT = "shopkeeper.unsent";

export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const memory = {
  get(name, otherwise) {
    try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; }
  },
  set(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* a private window: kept for this page only */ }
  },
};

// on: { sent(message), failed(message, why), offline(is) }
export class Outgoing {
  constructor(on) {
    this.on = on;
    this.queue = memory.get(KEPT, []).filter((message) => message && message.client_message_id && message.text);
    this.busy = false;
    addEventListener("online", () => this.flush());
  }

  add(text, command) {
    const message = { client_message_id: newId(), text, ...(command ? { command } : {}) };
    this.queue.push(message);
    this.save();
    return message;
  }

  forget() {
    this.queue = [];
    this.save();
  }

  // Removes what the shop is known to have: its echo came, though perhaps the answer to our request did not.
  settle(id) {
    this.queue = this.queue.filter((message) => message.client_message_id !== id);
    this.save();
  }

  save() {
    memory.set(KEPT, this.queue);
  }

  async flush() {
    if (this.busy) return;
    this.busy = true;
    let wait = 1000;
    while (this.queue.length) {
      const message = this.queue[0];
      const pause = await this.post(message);
      if (pause === 0) {
        this.on.offline(false);
        this.settle(message.client_message_id);
        wait = 1000;
        continue;
      }
      await new Promise((resume) => setTimeout(resume, pause > 0 ? pause : wait));
      wait = Math.min(wait * 2, 10000);
    }
    this.busy = false;
  }

  // 0: done with this message. More: try again after so many milliseconds. -1: after the usual wait.
  async post(message) {
    let answer;
    try {
      answer = await fetch("/api/messages", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message), signal: AbortSignal.timeout(15000),
      });
    } catch {
      this.on.offline(true);
      return -1;
    }
    if (answer.status === 202) {
      this.on.sent(message);
      return 0;
    }
    if (answer.status === 429) return (Number(answer.headers.get("Retry-After")) || 5) * 1000;
    if (answer.status >= 500) {
      this.on.offline(true);
      return -1;
    }
    const why = await answer.json().catch(() => ({}));
    this.on.failed(message, why.detail || "This message could not be sent.");
    return 0;
  }
}
