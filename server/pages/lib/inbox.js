/**
 * A worker's socket: events "hello" (everything current), "card" and "message", each with the frame as `detail`, and
 * "ended" when the session is over. Continues after the last message that it has.
 */
import { LiveSocket } from "./socket.js";

export class Inbox extends LiveSocket {
  #after = 0;

  /** `token`: as for Api; empty for the session of the cookie. */
  constructor(token = "") {
    super(() => `/v1/inbox?after=${this.#after}`, token);
    this.addEventListener("hello", ({ detail }) => {
      for (const message of detail.messages) this.#after = Math.max(this.#after, message.seq);
    });
    this.addEventListener("message", ({ detail }) => {
      this.#after = Math.max(this.#after, detail.seq);
    });
  }
}
