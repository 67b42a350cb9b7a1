/** 高温: a manager enters the day's highest temperature by district; outdoor work that breaks the rule is held. */
import { fill, h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { dayOf } from "../lib/values.js";
import { field } from "../parts/field.js";
import { form, refuseAt } from "./forms.js";

export class Heat {
  #desk;

  constructor(desk) {
    this.#desk = desk;
    const districts = [...new Set(desk.sites.map(({ site }) => site.district))];
    this.district = field("哪个区", { control: h("select", {}, districts.map((each) => h("option", {}, each))) });
    this.celsius = field("今天最高气温(°C)", { inputmode: "numeric", maxlength: "3" });
    this.said = h("div", { role: "status" });
    this.list = h("div");
    this.element = h(
      "section",
      { class: "columns", hidden: true, "aria-label": "高温" },
      form("今天的气温", [h("div", { class: "pair" }, this.district, this.celsius), h("p", { class: "muted" }, "40度以上停止户外作业;37到40度中午不干、一天最多5小时;35到37度不加班。"), this.said], () => this.#send(), "记下"),
      this.list,
    );
  }

  async load() {
    const { heat } = await this.#desk.api.get("/v1/heat").catch(() => ({ heat: [] }));
    const rows = heat.map(({ day, district, celsius }) => h("tr", {}, h("td", {}, day), h("td", {}, district), h("td", {}, `${celsius}°C`)));
    fill(
      this.list,
      h(
        "div",
        { class: "card stack" },
        h("h2", {}, "记过的"),
        heat.length ? h("table", {}, h("tbody", {}, rows)) : h("p", { class: "empty" }, "今天还没有记。"),
      ),
    );
  }

  async #send() {
    if (!/^-?\d{1,2}$/.test(this.celsius.value)) return this.celsius.refuse("填一个温度,例 36");
    try {
      await this.#desk.api.put("/v1/heat", { district: this.district.control.value, day: dayOf(now()), celsius: Number(this.celsius.value) });
      fill(this.said, h("p", { class: "banner yes" }, "记下了,受影响的岗位已经处理。"));
      this.celsius.value = "";
      await this.load();
    } catch (error) {
      refuseAt(error, { district: this.district, celsius: this.celsius }, this.said);
    }
  }
}
