/** What stands above and below the rows: the home's name, the time, called numbers, how fresh all of it is, the page. */
import { h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { picture } from "../lib/pictograms.js";

const NUMBERS = 3;
const CALLED_SHOWN_MS = 15 * 60_000;
const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** Writes text only where it differs. */
function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

export class Head {
  #name = h("h1", {}, "零工之家");
  #clock = h("p", { class: "clock", "aria-hidden": "true" });
  #numbers = Array.from({ length: NUMBERS }, (_, n) => h("b", { class: n ? "" : "newest" }));
  #none = h("span", { class: "none" }, "请看这里等叫号");
  #called = h("section", { class: "called", "aria-label": "正在叫号" }, picture("megaphone"), h("div", {}, h("h2", {}, "正在叫号"), h("p", { role: "status" }, this.#numbers, this.#none)));
  #fresh = h("p", { class: "fresh" });
  #page = h("p", { class: "page" });
  element = h("header", {}, h("div", { class: "home" }, this.#name, this.#clock), this.#called);
  foot = h("footer", {}, this.#page, h("p", { class: "help" }, "想干哪个活,到自助机或窗口报名,不收费"), this.#fresh);
  #freshMs = 0;
  #lost = false;
  #last = [];

  name(words) {
    write(this.#name, words);
  }

  /** What is on the screen was true just now. */
  touch() {
    this.#freshMs = now();
    this.line(false);
  }

  line(lost) {
    this.#lost = lost;
    this.#fresh.classList.toggle("lost", lost);
    this.tick();
  }

  called(numbers) {
    this.#last = numbers;
    this.tick();
  }

  /** `第 2 页,共 3 页`; nothing for one. */
  page(page, pages) {
    write(this.#page, pages > 1 ? `第 ${page + 1} 页,共 ${pages} 页` : "");
  }

  /** Every second. */
  tick() {
    const time = now();
    write(this.#clock, clock.format(time).slice(0, 5));
    const fresh = this.#freshMs ? clock.format(this.#freshMs) : "";
    write(this.#fresh, this.#lost ? `! 网络断了,这是 ${fresh || "之前"} 的情况` : fresh && `更新于 ${fresh}`);
    const recent = this.#last.filter((each) => time - each.called_ms < CALLED_SHOWN_MS).slice(0, NUMBERS);
    this.#numbers.forEach((node, n) => write(node, recent[n] ? `${recent[n].queue_no}号` : ""));
    this.#none.hidden = recent.length > 0;
  }
}
