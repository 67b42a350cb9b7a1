/**
 * The socket of who watches postings: events "hello" (everything that is not over), "posting", "gone" and "waiting" (what
 * waits for a clerk), each with the frame as `detail`; "ended" when the session is over. Keeps the postings, of two the
 * newer, and tells "changed" with the ids that changed, after everything that came at once.
 */
import { LiveSocket } from "./socket.js";

export class Board extends LiveSocket {
  /** Posting by id, as `PostingView` of the API. */
  postings = new Map();
  /** How much waits for a clerk; null for whom nothing does. */
  waiting = null;
  /** Whether a first hello has come. */
  ready = false;

  constructor(query = "", token = "") {
    super(`/v1/board${query}`, token);
    this.addEventListener("hello", ({ detail }) => this.#hello(detail));
    this.addEventListener("posting", ({ detail }) => this.put(detail.posting));
    this.addEventListener("gone", ({ detail }) => this.#gone(detail.id));
    this.addEventListener("waiting", ({ detail }) => {
      this.waiting = detail.waiting;
      this.#tell([]);
    });
  }

  /** Takes over a posting that was read otherwise, unless a newer one is known. */
  put(posting) {
    const known = this.postings.get(posting.id);
    if (known && known.v > posting.v) return;
    this.postings.set(posting.id, posting);
    this.#tell([posting.id]);
  }

  #hello({ postings, waiting }) {
    const before = [...this.postings.keys()];
    this.postings = new Map(postings.map((posting) => [posting.id, posting]));
    this.waiting = waiting;
    this.ready = true;
    this.#tell([...new Set([...before, ...this.postings.keys()])]);
  }

  #gone(id) {
    if (this.postings.delete(id)) this.#tell([id]);
  }

  #tell(ids) {
    this.dispatchEvent(new CustomEvent("changed", { detail: ids }));
  }
}
