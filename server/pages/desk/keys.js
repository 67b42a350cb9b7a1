/**
 * Keys of the desk: one table from which come what a key does, the letter on its button, and the help sheet. Single
 * letters work only outside of what is typed into, and can be switched off (WCAG 2.1.4).
 */
import { button, h } from "../lib/dom.js";
import { ask } from "../parts/dialog.js";

const OFF = "desk-keys-off";
const NAMES = { Enter: "回车", Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑" };

export class Keys {
  #lists = [];
  #off = localStorage.getItem(OFF) === "yes";

  #listener = (event) => this.#pressed(event);

  constructor() {
    addEventListener("keydown", this.#listener);
  }

  /** No key does anything any more. */
  close() {
    removeEventListener("keydown", this.#listener);
  }

  /** Keys that always work, or (`when`) while it says so: [{ key, words, press }]; the last list that fits wins. */
  add(title, keys, when = () => true) {
    this.#lists.push({ title, keys, when });
  }

  /** A button with its key on it. */
  button(words, key, press, properties = {}) {
    return button([words, h("kbd", { "aria-hidden": "true" }, key)], press, { "aria-keyshortcuts": key, ...properties });
  }

  /** The sheet that says every key. */
  async help() {
    const lists = this.#lists.filter(({ when }) => when());
    const rows = ({ keys }) => keys.filter(({ words }) => words).map(({ key, words }) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, NAMES[key] ?? key)), h("td", {}, words)));
    const sheet = h(
      "div",
      { class: "help" },
      lists.map((list) => h("section", {}, h("h3", {}, list.title), h("table", {}, h("tbody", {}, rows(list))))),
    );
    const answer = await ask("快捷键", sheet, [
      { words: this.#off ? "打开单键快捷键" : "关掉单键快捷键", value: "switch" },
      { words: "关上", value: null },
    ]);
    if (answer !== "switch") return;
    this.#off = !this.#off;
    localStorage.setItem(OFF, this.#off ? "yes" : "no");
  }

  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    const typing = event.target.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select");
    if (typing && event.key !== "Escape") return;
    if (typing) return event.target.blur();
    if (this.#off && event.key.length === 1 && event.key !== "?") return;
    const wanted = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    for (const { keys, when } of [...this.#lists].reverse()) {
      const found = when() && keys.find(({ key, also = [] }) => key.toUpperCase() === wanted.toUpperCase() || also.includes(event.key));
      if (!found) continue;
      event.preventDefault();
      found.press();
      return;
    }
  }
}
