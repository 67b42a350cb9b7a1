/** What the rules say against a posting: the words, why, and how to mend it; what blocks stands first. */
import { h } from "../lib/dom.js";

const SAYS = { block: "要改", warn: "要看" };

/** A list of `Finding`s of the API; null where there is none. */
export function findings(found) {
  if (!found.length) return null;
  const sorted = [...found].sort((a, b) => (a.severity === b.severity ? 0 : a.severity === "block" ? -1 : 1));
  return h("ul", { class: "findings" }, sorted.map(one));
}

function one({ severity, words, message, mend }) {
  return h(
    "li",
    { class: severity },
    h("span", { class: "badge" }, SAYS[severity]),
    h("div", {}, h("p", {}, h("b", {}, message), words && h("span", { class: "muted" }, ` “${words}”`)), h("p", {}, "怎么改:", mend)),
  );
}
