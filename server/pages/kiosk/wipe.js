/** After a person nothing of them stays: not in memory, storage, history, caches or print data. */
import { line } from "../lib/api.js";
import { hush } from "../lib/speech.js";
import { clearSlip } from "./slip.js";

/** Where the page starts anew after somebody has left. */
export const CLEARED = "/kiosk?cleared";

/** Empties what a page can write to, and starts the page anew: with it goes everything it had in memory. */
export async function wipe(visit) {
  hush();
  clearSlip();
  document.body.classList.remove("large-type", "high-contrast");
  const left = visit.leave();
  localStorage.clear();
  sessionStorage.clear();
  for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
  if ("caches" in window) for (const name of await caches.keys()) await caches.delete(name);
  await left;
  if (!line.lost) location.replace(CLEARED); // the same entry of the history; without a line the page itself goes on
}
