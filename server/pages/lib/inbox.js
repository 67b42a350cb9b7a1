/**
 * A worker's socket: events "hello" (everything current), "card" and "message", each with the frame as `detail`, and
 * "ended" when the session is over. Continues after the last message that it has. Yes and no can be said on it.
 */
import { Refused } from "./api.js";
import { LiveSocket } from "./socket.js";

const ANSWERED_WITHIN_MS = 3_000;

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

  /**
   * Says `accept` or `decline` of an offer. Resolves with what became of it, or with null where that has to be asked over
   * HTTP, which is safe: no line, no word in time, too much to do, or a session that has ended. Throws Refused.
   */
  answer(operation, offer, body) {
    return new Promise((done, refuse) => {
      if (!this.say({ ...body, type: operation, offer })) return done(null);
      const over = new AbortController();
      const end = (settle, value) => {
        over.abort();
        clearTimeout(patience);
        settle(value);
      };
      const patience = setTimeout(end, ANSWERED_WITHIN_MS, done, null);
      const told = (type, take) => this.addEventListener(type, ({ detail }) => (detail?.offer ?? offer) === offer && take(detail), { signal: over.signal });
      told("closed", () => end(done, null));
      told("answered", ({ answered }) => end(done, answered));
      told("refused", ({ status, error, retry_after_s: againS }) => (againS || status === 401 ? end(done, null) : end(refuse, new Refused(status, error))));
    });
  }
}
