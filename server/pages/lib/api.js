/**
 * Requests to the server that serves the page. Who asks is known by the cookie of the session, or by a token that only
 * this object holds (a person at a kiosk). Every change may be sent again: the server answers the same as the first time.
 */

const AGAIN_MS = [400, 1200, 3000];
const ANSWER_WITHIN_MS = 12_000;
export const WAIT_MOST_S = 4;

/** The server said no: `code` for programs, `message` in Chinese for people. */
export class Refused extends Error {
  constructor(status, { code = "internal", message = "服务器没有答复,请再试一次", detail = "", findings = [] }, againS = 0) {
    super(message);
    Object.assign(this, { name: "Refused", status, code, detail, findings, againS });
  }
}

/** The server was not reached; nothing is lost, and asking again is safe. */
export class LineLost extends Error {
  constructor() {
    super("网络断了,填的内容还在,恢复后请再按一次");
    this.name = "LineLost";
  }
}

/** Tells "lost" and "back" to whoever shows it; one for all requests of a page. */
export const line = Object.assign(new EventTarget(), { lost: false });

/** Says whether the server was reached just now. */
export function tellLine(reached) {
  if (line.lost !== reached) return;
  line.lost = !reached;
  line.dispatchEvent(new Event(reached ? "back" : "lost"));
}

addEventListener("offline", () => tellLine(false));
addEventListener("online", () => askWhetherBack());

let asking = false;

/** While the line is lost, asks every two seconds whether it is back. */
async function askWhetherBack() {
  if (asking || !line.lost) return;
  asking = true;
  while (line.lost) {
    try {
      await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      tellLine(true);
    } catch {
      await pause(2000);
    }
  }
  asking = false;
}

line.addEventListener("lost", askWhetherBack);

/** Waits. */
export function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** A new key for a change that the caller may send again. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Api extends EventTarget {
  #csrf = "";
  #token = "";

  /** `token`: of a session that lives in this object only; without one the browser's cookie says who asks. */
  constructor(token = "") {
    super();
    this.#token = token;
  }

  get token() {
    return this.#token;
  }

  /** The session of the cookie or token, or null when there is none any more. */
  async session() {
    try {
      const session = await this.get("/v1/session");
      this.#csrf = session.csrf;
      return session;
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return null;
      throw error;
    }
  }

  /** Takes over the session that a log-in with `cookie: true` or a rotation has just opened. */
  entered(loggedIn) {
    this.#csrf = loggedIn.csrf;
    return loggedIn;
  }

  /** Ends the session on the server and forgets it here, whether or not the server was reached. */
  async end(body = {}) {
    try {
      await this.post("/v1/session/end", body, { tries: 1 });
    } finally {
      this.#csrf = this.#token = "";
    }
  }

  /** `options.withinMs`: how long an answer may take before it is asked for again; `options.signal`: gives up. */
  get(path, options) {
    return this.#send("GET", path, undefined, options);
  }

  /** `options.key`: the Idempotency-Key, the same for every time the same change is sent. */
  post(path, body, options) {
    return this.#send("POST", path, body, options);
  }

  put(path, body, options) {
    return this.#send("PUT", path, body, options);
  }

  delete(path, options) {
    return this.#send("DELETE", path, undefined, options);
  }

  async #send(method, path, body, { key = "", tries = AGAIN_MS.length + 1, signal, withinMs = ANSWER_WITHIN_MS } = {}) {
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    else if (this.#csrf) headers["X-CSRF-Token"] = this.#csrf;
    const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" };
    for (let tried = 1; ; tried += 1) {
      const last = tried >= tries;
      try {
        return await this.#once(path, request, signal, withinMs);
      } catch (error) {
        if (signal?.aborted || last) throw error;
        if (error instanceof LineLost) await pause(AGAIN_MS[tried - 1]);
        else if (error.againS && error.againS <= WAIT_MOST_S && error.status !== 429) await pause(error.againS * 1000);
        else throw error;
      }
    }
  }

  async #once(path, request, signal, withinMs) {
    const within = AbortSignal.timeout(withinMs);
    let response;
    let data;
    try {
      response = await fetch(path, { ...request, signal: signal ? AbortSignal.any([signal, within]) : within });
      data = await response.json();
    } catch (error) {
      if (signal?.aborted) throw error;
      if (!response) {
        tellLine(false);
        throw new LineLost();
      }
      throw new Refused(response.status, {});
    }
    tellLine(true);
    if (response.ok) return data;
    const refused = new Refused(response.status, data.error ?? {}, Number(response.headers.get("Retry-After") ?? 0));
    if (response.status === 401 && refused.code !== "bad_login") this.dispatchEvent(new CustomEvent("out", { detail: refused }));
    throw refused;
  }
}
