/** A text with some of its words marked: those that a rule stands against, or that a field came from. */
import { h } from "../lib/dom.js";

/**
 * `marks`: [{ words, kind ("block", "warn", "field"), title }]. Words that are not in the text are passed over; of marks
 * that overlap, the first one named stands.
 */
export function marked(text, marks) {
  const found = [];
  for (const mark of marks) {
    const at = mark.words ? text.indexOf(mark.words) : -1;
    const free = at >= 0 && found.every((other) => at + mark.words.length <= other.at || at >= other.at + other.words.length);
    if (free) found.push({ ...mark, at });
  }
  found.sort((a, b) => a.at - b.at);
  const nodes = [];
  let done = 0;
  for (const { at, words, kind, title } of found) {
    nodes.push(text.slice(done, at), h("mark", { class: kind }, words, title && h("span", { class: "unseen" }, `(${title})`)));
    done = at + words.length;
  }
  return h("p", { class: "marked" }, nodes, text.slice(done));
}
