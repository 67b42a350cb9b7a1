/** <kz-seats>: ●●●○○ 3/5. Dots up to a dozen, figures always. */
import { h } from "../lib/dom.js";

const MOST_DOTS = 12;

class Seats extends HTMLElement {}

customElements.define("kz-seats", Seats);

/** Seats taken of a headcount; `words` before them. */
export function seats(taken, headcount, words = "招到") {
  const dots = headcount > MOST_DOTS ? [] : Array.from({ length: headcount }, (_, n) => h("i", { class: n < taken ? "taken" : "", "aria-hidden": "true" }));
  return h("kz-seats", {}, words, dots, `${taken}/${headcount}人`);
}
