/**
 * A worker's socket: events "hello" (everything current), "card" and "message", each with the frame as `detail`, and
 * "ended" when the session is over. Continues after the last message that it has. Yes and no can be said on it; "answered"
 * tells what became of them.
 */
import { pause, Refused, WAIT_MOST_S } from "./api.js";
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
   * Says `accept` or `decline` of an offer. Answers with what became of it, or with null where that has to be asked over
   * HTTP, which is safe: no line, no word in time, or too much to do. Throws Refused.
   */
  async answer(operation, offer, body) {
    const told = await this.#told({ ...body, type: operation, offer });
    if (!told || told.type === "answered") return told?.answered ?? null;
    if (!told.retry_after_s) throw new Refused(told.status, told.error);
    await pause(Math.min(told.retry_after_s, WAIT_MOST_S) * 1000);
    return null;
  }

  /** The frame that answers this one, or null. */
  #told(frame) {
    return new Promise((done) => {
      if (!this.say(frame)) return done(null);
      const over = new AbortController();
      const end = (told) => {
        over.abort();
        clearTimeout(patience);
        done(told);
      };
      const patience = setTimeout(() => {
        this.doubt();
        end(null);
      }, ANSWERED_WITHIN_MS);
      const listen = (type, take) => this.addEventListener(type, take, { signal: over.signal });
      const take = ({ detail }) => detail.offer === frame.offer && detail.operation === frame.type && end(detail);
      listen("answered", take);
      listen("refused", take);
      listen("closed", () => end(null));
    });
  }
}
