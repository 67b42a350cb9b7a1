/** The server's time. A kiosk's own clock may be wrong, and may be set while the page runs. */

let ahead = Date.now() - performance.now();

/** What the server said its time was just now. */
export function setNow(nowMs) {
  ahead = nowMs - performance.now();
}

/** The server's time, epoch milliseconds. */
export function now() {
  return ahead + performance.now();
}
