/** Asking while somebody types: only once they pause, and only the last answer counts. */

/** A function that runs `work(signal, ...)` after `waitMs` without another call; an earlier one that still works is ended. */
export function later(waitMs, work) {
  let timer = 0;
  let running = null;
  return (...given) => {
    clearTimeout(timer);
    running?.abort();
    timer = setTimeout(async () => {
      const own = (running = new AbortController());
      try {
        await work(own.signal, ...given);
      } catch (error) {
        if (!own.signal.aborted) throw error;
      }
    }, waitMs);
  };
}
