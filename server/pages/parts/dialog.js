/** A question over the page. Escape and the way back say no. */
import { button, h, newId } from "../lib/dom.js";

/** Asks, and resolves with the `value` of the answer that was pressed, or null. `answers`: [{ words, value, kind }]. */
export function ask(title, body, answers) {
  return new Promise((resolve) => {
    const id = newId("ask");
    const dialog = h("dialog", { "aria-labelledby": id, class: "stack" }, h("h2", { id }, title), body);
    let answer = null;
    const choose = (value) => {
      answer = value;
      dialog.close();
    };
    dialog.append(h("div", { class: "stack" }, answers.map(({ words, value, kind }) => button(words, () => choose(value), { class: `wide ${kind ?? ""}` }))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
