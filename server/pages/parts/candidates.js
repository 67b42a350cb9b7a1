/** The row of words that the typed letters may mean, as many at a time as fit, with their numbers. */
import { fill, h } from "../lib/dom.js";
import { picture } from "../lib/pictograms.js";

const MOST = 9; // one digit of a keyboard with keys chooses each

export class CandidateRow {
  #found = [];
  #starts = [0];
  #page = 0;
  #more = false;
  #choose;
  #ask;
  #list = h("ol", { class: "candidates", role: "list", "aria-label": "候选词" });
  #before = this.#pager("back", "前面的词", -1);
  #after = this.#pager("next", "后面的词", 1);
  element = h("div", { class: "candidate-row" }, this.#list, this.#before, this.#after);

  /** `choose` is told the candidate that was pressed; `ask` is called when the page after the last is wanted. */
  constructor(choose, ask) {
    this.#choose = choose;
    this.#ask = ask;
  }

  /** Shows these from the first page on. `more`: the server has more of them. */
  show(found, more = false) {
    this.#starts = [0];
    this.#page = 0;
    this.go(found, more, 0);
  }

  /** The same words and more of them: shows the page that was asked for. */
  go(found, more, by = 1) {
    this.#found = found;
    this.#more = more;
    this.#page += by;
    this.#draw();
  }

  /** The words of the page that is shown. */
  get shown() {
    return this.#found.slice(this.#starts[this.#page], this.#starts[this.#page + 1]);
  }

  /** Turns the page if there is another. */
  turn(by) {
    const page = this.#page + by;
    if (page < 0) return;
    if (this.#starts[page] < this.#found.length) this.go(this.#found, this.#more, by);
    else if (this.#more) this.#ask();
  }

  #pager(name, says, by) {
    const element = h("button", { type: "button", class: "turn", "aria-label": says }, picture(name));
    element.addEventListener("pointerdown", (event) => event.preventDefault());
    element.addEventListener("click", () => this.turn(by));
    return element;
  }

  #draw() {
    const start = this.#starts[this.#page];
    const some = this.#found.slice(start, start + MOST);
    fill(this.#list, some.map((each, n) => h("li", {}, this.#button(each, n))));
    const right = this.#list.getBoundingClientRect().right;
    const fitting = [...this.#list.children].filter((item, n) => n === 0 || item.getBoundingClientRect().right <= right + 1);
    this.#list.replaceChildren(...fitting);
    this.#starts[this.#page + 1] = start + fitting.length;
    this.#before.disabled = this.#page === 0;
    this.#after.disabled = this.#starts[this.#page + 1] >= this.#found.length && !this.#more;
  }

  #button(each, n) {
    const number = String(n + 1);
    const shown = [h("span", {}, each.text), h("small", { "aria-hidden": "true" }, number)];
    const button = h("button", { type: "button", class: "candidate", "aria-keyshortcuts": number }, shown);
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", () => this.#choose(each));
    return button;
  }
}
