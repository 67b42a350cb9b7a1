/**
 * A socket that comes back by itself. Every frame is an event named by its `type`, with the frame as `detail`; "closed"
 * when the line has gone, "ended" when the session is over. The first frame of every connection is a hello with the
 * server's time; it also says how often, at least, a frame comes: a line on which nothing comes is lost, though nobody has
 * closed it.
 */
import { setNow } from "./clock.js";
import { line, tellLine } from "./api.js";

const FIRST_MS = 500;
const MOST_MS = 15_000;
const HELLO_WITHIN_MS = 15_000;
/** How much longer than the server says it is silent before the line counts as lost. */
const PATIENCE = 2.25;
const SESSION_OVER = 4001;
const REPLACED = 4009;
const NO_WORD = 0;

export class LiveSocket extends EventTarget {
  #waitMs = FIRST_MS;
  #socket = null;
  #timer = 0;
  #silence = 0;
  #silentMs = HELLO_WITHIN_MS;
  #path;
  #token;
  #wanted = false;
  #doubtful = null;
  #mute = false;

  /** `path`: of the socket, or a function that tells it for each connection. `token`: as for Api. */
  constructor(path, token = "") {
    super();
    this.#path = typeof path === "function" ? path : () => path;
    this.#token = token;
    this.retry = this.retry.bind(this);
  }

  open() {
    this.#wanted = true;
    addEventListener("online", this.retry);
    line.addEventListener("lost", this);
    line.addEventListener("back", this);
    this.#connect();
  }

  /** A socket that was open while requests failed may be dead without knowing it: once they work again it is replaced. */
  handleEvent({ type }) {
    if (type === "lost") this.#doubtful = this.#socket;
    else if (this.#socket && this.#socket === this.#doubtful) {
      this.#socket.close();
      this.#socket = null;
      this.dispatchEvent(new Event("closed"));
      this.retry();
    }
  }

  /** Closes for good: nothing more is told. */
  close() {
    this.#wanted = false;
    removeEventListener("online", this.retry);
    line.removeEventListener("lost", this);
    line.removeEventListener("back", this);
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Sends a frame; false where no line is open, or it is doubted. That it was sent does not say that it comes. */
  say(frame) {
    if (this.#mute || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Nothing is said any more until something is heard: what was said had no answer. */
  doubt() {
    this.#mute = true;
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
    const address = new URL(this.#path(), location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, protocols);
    this.#socket = socket;
    this.#silentMs = HELLO_WITHIN_MS;
    this.#listen(socket);
    socket.onmessage = ({ data }) => this.#take(socket, JSON.parse(data));
    socket.onclose = ({ code }) => this.#closed(socket, code);
  }

  /** Waits for the next word, but not for ever. */
  #listen(socket) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      socket.close();
      this.#closed(socket, NO_WORD);
    }, this.#silentMs);
  }

  #take(socket, frame) {
    if (socket !== this.#socket) return;
    this.#mute = false;
    if (frame.type === "hello") {
      this.#waitMs = FIRST_MS;
      this.#silentMs = frame.alive_ms * PATIENCE;
      setNow(frame.now_ms);
      tellLine(true);
    }
    this.#listen(socket);
    this.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
  }

  #closed(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearTimeout(this.#silence);
    this.dispatchEvent(new Event("closed"));
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
