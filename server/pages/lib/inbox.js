/**
 * A worker's socket: events "hello" (everything current), "card" and "message", each with the frame as `detail`, and
 * "ended" when the session is over. Comes back by itself, continuing after the last message it has.
 */
import { setNow } from "./clock.js";
import { tellLine } from "./api.js";

const FIRST_MS = 500;
const MOST_MS = 15_000;
const SESSION_OVER = 4001;
const REPLACED = 4009;

export class Inbox extends EventTarget {
  #after = 0;
  #waitMs = FIRST_MS;
  #socket = null;
  #timer = 0;
  #token;
  #wanted = false;

  /** `token`: as for Api; empty for the session of the cookie. */
  constructor(token = "") {
    super();
    this.#token = token;
    this.retry = this.retry.bind(this);
  }

  open() {
    this.#wanted = true;
    addEventListener("online", this.retry);
    this.#connect();
  }

  /** Closes for good: nothing more is told. */
  close() {
    this.#wanted = false;
    removeEventListener("online", this.retry);
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Connects now instead of after the pause. */
  retry() {
    if (!this.#wanted || this.#socket) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  #connect() {
    const protocols = ["kuaizhao.json"];
    if (this.#token) protocols.push(`token.${this.#token}`);
    const address = new URL(`/v1/inbox?after=${this.#after}`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, protocols);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(socket, JSON.parse(data));
    socket.onclose = ({ code }) => this.#closed(socket, code);
  }

  #take(socket, frame) {
    if (socket !== this.#socket) return;
    if (frame.type === "hello") {
      this.#waitMs = FIRST_MS;
      setNow(frame.now_ms);
      tellLine(true);
      for (const message of frame.messages) this.#after = Math.max(this.#after, message.seq);
    } else if (frame.type === "message") this.#after = Math.max(this.#after, frame.seq);
    this.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
  }

  #closed(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    if (!this.#wanted) return;
    if (code === SESSION_OVER || code === REPLACED) {
      this.close();
      this.dispatchEvent(new CustomEvent("ended", { detail: { replaced: code === REPLACED } }));
      return;
    }
    tellLine(false);
    this.#timer = setTimeout(this.retry, this.#waitMs * (0.75 + Math.random() / 2));
    this.#waitMs = Math.min(this.#waitMs * 2, MOST_MS);
  }
}
