/** 叫号: the next queue number of a site, or one by itself; the hall's screen shows it at once. */
import { button, fill, h } from "../lib/dom.js";
import { clockWords } from "../lib/words.js";
import { field } from "../parts/field.js";

const SITE = "desk-site";

export class Calling {
  #desk;

  constructor(desk) {
    this.#desk = desk;
    const options = desk.sites.map(({ id, site }) => h("option", { value: id }, site.name));
    this.site = field("哪个站点", { control: h("select", {}, options) });
    const kept = localStorage.getItem(SITE);
    if (desk.sites.some(({ id }) => id === kept)) this.site.value = kept;
    this.site.control.addEventListener("change", () => {
      localStorage.setItem(SITE, this.site.value);
      this.load();
    });
    this.number = field("叫指定的号", { inputmode: "numeric", maxlength: "5" });
    this.now = h("p", { class: "ticket", role: "status" });
    this.given = h("p", { class: "muted" });
    this.last = h("ul", { class: "row" });
    const next = desk.keys.button("叫下一个", "C", () => this.#next(), { class: "primary" });
    this.element = h(
      "section",
      { class: "columns", hidden: true, "aria-label": "叫号" },
      h(
        "div",
        { class: "card stack" },
        h("h2", {}, "叫号"),
        this.site,
        this.now,
        this.given,
        h("div", { class: "row actions" }, next),
        h("div", { class: "joined" }, this.number, button("叫这个号", () => this.#one())),
        h("h3", {}, "刚叫过的"),
        this.last,
      ),
    );
    this.keys = [{ key: "C", words: "叫下一个", press: () => this.#next() }];
  }

  async load() {
    try {
      this.#draw(await this.#desk.api.get(`/v1/sites/${this.site.value}/called`));
    } catch (error) {
      fill(this.now, h("span", { class: "wrong", role: "alert" }, error.message));
    }
  }

  async #next() {
    try {
      this.#draw(await this.#desk.api.post(`/v1/sites/${this.site.value}/called`, {}));
    } catch (error) {
      fill(this.now, h("span", { class: "wrong", role: "alert" }, error.message));
    }
  }

  async #one() {
    if (!/^[1-9]\d{0,4}$/.test(this.number.value)) return this.number.refuse("号码是数字,例 17");
    try {
      this.#draw(await this.#desk.api.post(`/v1/sites/${this.site.value}/called`, { queue_no: Number(this.number.value) }));
      this.number.value = "";
    } catch (error) {
      this.number.refuse(error.message);
    }
  }

  #draw({ called, given }) {
    fill(this.now, called.length ? ["正在叫 ", h("b", {}, `${called[0].queue_no} 号`)] : "今天还没有叫过号");
    this.given.textContent = `今天一共发了 ${given} 个号`;
    fill(this.last, called.map(({ queue_no: number, called_ms: at }) => h("li", { class: "badge" }, `${number} 号 ${clockWords(at)}`)));
  }
}
