/**
 * A queue and what is chosen of it: on the left the items in order, on the right one of them. What is chosen stays chosen
 * when the queue is read again; when it is done, the one in its place is. States: loading, empty, failed, what is there.
 */
import { button, fill, h } from "../lib/dom.js";

export class Queue {
  items = [];
  chosen = null;
  #options;
  #at = 0;
  #reading = null;

  /**
   * `options`: { title, empty() -> what to say where nothing waits, read() -> items, key(item), line(item) -> nodes, show(item) -> nodes, tools: nodes above the
   * list }.
   */
  constructor(options) {
    this.#options = options;
    this.list = h("ul", { class: "queue" });
    this.told = h("p", { class: "muted", role: "status" });
    this.said = h("div", { role: "status" });
    this.detail = h("div", { class: "card stack shown", hidden: true });
    const left = h(
      "div",
      { class: "stack left" },
      h("div", { class: "row spread" }, h("h2", {}, options.title), options.tools ?? null),
      this.told,
      this.list,
    );
    this.element = h(
      "section",
      { class: "split", hidden: true, "aria-label": options.title },
      left,
      h("div", { class: "stack" }, this.said, this.detail),
    );
  }

  /** Reads the queue; what changes while it is read is read once more. */
  async load() {
    if (this.#reading) return void (this.#reading.again = true);
    const reading = (this.#reading = { again: false });
    if (!this.items.length) fill(this.list, h("li", { class: "skeleton", "aria-hidden": "true" }));
    try {
      this.items = await this.#options.read();
      this.#take();
    } catch (error) {
      fill(this.told, h("span", { class: "wrong", role: "alert" }, error.message), button("再试一次", () => this.load()));
      if (!this.items.length) fill(this.list);
    }
    this.#reading = null;
    if (reading.again) await this.load();
  }

  /** Does something on the server, says so, and reads the queue again. */
  async act(work, words) {
    try {
      await work();
      this.say(words);
    } catch (error) {
      this.say(error.message, "stop");
    }
    await this.load();
  }

  say(words, kind = "yes") {
    fill(this.said, words && h("p", { class: `banner ${kind}` }, words));
  }

  choose(item) {
    this.chosen = item;
    this.#at = Math.max(0, this.items.indexOf(item));
    const within = this.element.contains(document.activeElement);
    this.#drawList();
    this.detail.hidden = !item;
    fill(this.detail, item ? this.#options.show(item) : null);
    if (within) this.focus();
  }

  /** The next (1) or the one before (-1). */
  move(by) {
    const next = this.items[this.#at + by];
    if (!next) return;
    this.say("");
    this.choose(next);
    this.focus();
  }

  focus() {
    this.list.querySelector("[aria-current]")?.focus();
  }

  #take() {
    const { key, empty } = this.#options;
    fill(this.told, this.items.length ? null : empty());
    const still = this.chosen && this.items.find((item) => key(item) === key(this.chosen));
    if (still && JSON.stringify(still) === JSON.stringify(this.chosen)) {
      this.#at = this.items.indexOf(still);
      this.chosen = still;
      return this.#drawList();
    }
    this.choose(still ?? this.items[Math.min(this.#at, this.items.length - 1)] ?? null);
  }

  #drawList() {
    const { key, line } = this.#options;
    const focused = this.list.contains(document.activeElement);
    const one = (item) => button(
      line(item),
      () => this.choose(item),
      { class: "plain item", "aria-current": item === this.chosen && "true", data: { key: key(item) } },
    );
    fill(this.list, this.items.map((item) => h("li", {}, one(item))));
    if (focused) this.focus();
  }
}
