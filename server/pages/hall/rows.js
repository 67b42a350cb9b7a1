/**
 * The screen's eight rows. They are made once and only written anew, and only where something differs: the page runs for
 * weeks and must not grow.
 */
import { h } from "../lib/dom.js";
import { clockWords, dayWords, payWords, settlementWords } from "../lib/words.js";
import { aim, picture } from "../lib/pictograms.js";

export const ROWS = 8;
const SEGMENTS = 10;

class Row {
  #shown = "";
  #day = h("small");
  #time = h("span");
  #picture = picture("hand");
  #trade = h("span");
  #pay = h("span");
  #settled = h("small");
  #place = h("td", { class: "place" });
  #left = h("b");
  #segments = Array.from({ length: SEGMENTS }, () => h("i"));
  element = h(
    "tr",
    { hidden: true },
    h("th", { scope: "row", class: "time" }, this.#day, this.#time),
    h("td", { class: "trade" }, h("div", {}, this.#picture, this.#trade)),
    h("td", { class: "pay-cell" }, this.#pay, this.#settled),
    this.#place,
    h("td", { class: "left" }, this.#left),
    h("td", { class: "seats", "aria-hidden": "true" }, h("div", {}, this.#segments)),
  );

  /** Shows a posting, or nothing. */
  show(view) {
    const said = view ? facts(view) : null;
    const all = JSON.stringify(said);
    if (all === this.#shown) return;
    this.#shown = all;
    this.element.hidden = !said;
    if (!said) return;
    this.element.classList.toggle("full", said.full);
    aim(this.#picture, view.posting.trade);
    for (const [node, words] of [[this.#day, said.day], [this.#time, said.time], [this.#trade, said.trade], [this.#pay, said.pay], [this.#settled, said.settled], [this.#place, said.place], [this.#left, said.left]]) {
      node.textContent = words;
    }
    this.#trade.className = said.trade.length > 6 ? "long" : "";
    this.#segments.forEach((segment, n) => {
      segment.hidden = n >= said.segments;
      segment.className = n < said.filled ? "taken" : "";
    });
  }
}

/** What a row says of a posting. Of more than ten seats each segment stands for several; one is empty while any is. */
function facts({ posting, trade_name: trade, taken, state }) {
  const left = Math.max(0, posting.headcount - taken);
  const full = left === 0 || state === "filled";
  const segments = Math.min(posting.headcount, SEGMENTS);
  const day = dayWords(posting.start_ms).replace(/周.$/, "");
  return {
    day: day === "今天" ? "" : day,
    time: clockWords(posting.start_ms),
    trade,
    pay: payWords(posting.pay),
    settled: settlementWords(posting.settlement),
    place: shortPlace(posting.place.text),
    left: full ? "✓ 招满了" : `还差 ${left} 人`,
    full,
    segments,
    filled: full ? segments : Math.min(segments - 1, Math.ceil((taken * segments) / posting.headcount)),
  };
}

/** A place in a few characters: two lines have room for sixteen. */
function shortPlace(text) {
  const short = text.replace(/^(山东省?)?青岛市?/, "").replace(/街道$/, "");
  return short.length > 16 ? `${short.slice(0, 15)}…` : short;
}

/** The table, and a function that shows some postings in it. */
export function table() {
  const rows = Array.from({ length: ROWS }, () => new Row());
  const head = ["几点开工", "干什么", "工钱", "在哪里", "还差几人"].map((words) => h("th", { scope: "col" }, words));
  const element = h(
    "table",
    {},
    h("caption", { class: "unseen" }, "正在招人的活"),
    h("thead", {}, h("tr", {}, head, h("td"))),
    h("tbody", {}, rows.map((row) => row.element)),
  );
  return { element, show: (views) => rows.forEach((row, n) => row.show(views[n])) };
}
