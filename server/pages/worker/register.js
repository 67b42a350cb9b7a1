/** Who comes for the first time registers on the phone: what, where, who; one question a screen. */
import { button, fill, h } from "../lib/dom.js";
import { later } from "../lib/later.js";
import { field } from "../parts/field.js";

const PAUSE_MS = 400;
const RADII = [[3_000, "3公里"], [6_000, "6公里"], [10_000, "10公里"], [200_000, "全市"]];

/** Shows the screens in `place`; resolves with the worker's session. `telephone`: the one that was proved. */
export function registration(api, telephone, place) {
  return new Promise((resolve) => {
    const form = new Registration(api, telephone, place, resolve);
    form.show(0);
  });
}

class Registration {
  #api;
  #telephone;
  #place;
  #done;
  #trades = new Map();
  #radius = 6_000;
  #sites = null;
  #consent = null;

  constructor(api, telephone, place, done) {
    this.#api = api;
    this.#telephone = telephone;
    this.#place = place;
    this.#done = done;
    this.skills = field("用自己的话写", { control: h("textarea", { rows: "3", maxlength: "2000" }), hint: "如:搬家具、后厨帮忙会切菜、不做高空" });
    this.chips = h("div", { class: "row", role: "group", "aria-label": "是不是这些工种,点一下选上" });
    this.site = field("离哪个零工之家近?", { control: h("select") });
    this.pay = field("一小时最少要多少钱(元)", { inputmode: "decimal", value: "20" });
    this.name = field("姓名", { maxlength: "50", autocomplete: "name" });
    this.number = field("身份证号", { maxlength: "18", autocapitalize: "characters", hint: "证明年满16岁,加密保存,老板看不到" });
    this.agreed = h("input", { type: "checkbox", id: "agreed" });
    this.consentWrong = h("p", { class: "wrong", role: "alert" });
    this.skills.control.addEventListener("input", later(PAUSE_MS, (signal) => this.#listen(signal)));
  }

  /** The nth screen. What was typed on the others stays. */
  async show(n) {
    const screens = [["你会干什么活?", () => this.#what()], ["在哪一带干?", () => this.#where()], ["你是谁?", () => this.#who()]];
    const [title, draw] = screens[n];
    const heading = h("h1", { tabindex: "-1" }, title);
    const body = h("div", { class: "stack" }, h("div", { class: "skeleton", "aria-hidden": "true" }));
    const next = h("button", { class: "primary grow" }, n === 2 ? "登记" : "下一步");
    const form = h("form", { class: "card stack door", novalidate: true }, h("p", { class: "muted" }, `第一次来,先登记 · ${n + 1}/3`), heading, body, h("div", { class: "row" }, n > 0 && button("上一步", () => this.show(n - 1), { class: "grow" }), next));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (next.ariaBusy === "true" || !this.#checked(n)) return;
      next.ariaBusy = "true";
      await (n === 2 ? this.#register() : this.show(n + 1));
      next.ariaBusy = null;
    });
    fill(this.#place, form);
    heading.focus();
    try {
      fill(body, await draw());
    } catch (error) {
      fill(body, h("p", { class: "wrong", role: "alert" }, error.message), button("再试一次", () => this.show(n)));
    }
  }

  #what() {
    this.#drawTrades([]);
    return [this.skills, this.chips];
  }

  async #where() {
    if (!this.#sites) {
      this.#sites = (await this.#api.get("/v1/sites")).sites;
      fill(this.site.control, this.#sites.map(({ id, site }) => h("option", { value: id }, `${site.name}(${site.district})`)));
    }
    const radii = h("div", { class: "row", role: "group", "aria-label": "最远走多远" });
    const draw = () => fill(radii, RADII.map(([metres, words]) => button(words, () => ((this.#radius = metres), draw()), { class: "chip", "aria-pressed": String(metres === this.#radius) })));
    draw();
    return [this.site, h("p", {}, h("b", {}, "最远走多远?")), radii, this.pay];
  }

  async #who() {
    this.#consent ??= await this.#api.get("/v1/consent");
    const agree = h("label", { class: "row agree", for: "agreed" }, this.agreed, h("span", { class: "grow" }, "我看过了,同意"));
    return [this.name, this.number, h("p", { class: "banner" }, this.#consent.text), agree, this.consentWrong];
  }

  async #listen(signal) {
    if (!this.skills.value) return this.#drawTrades([]);
    const { trades } = await this.#api.post("/v1/recognise", { text: this.skills.value }, { signal });
    return this.#drawTrades(trades.slice(0, 6));
  }

  #drawTrades(heard) {
    const shown = new Map([...this.#trades, ...heard.map(({ id, name }) => [id, name])]);
    const press = (id, name) => {
      if (!this.#trades.delete(id)) this.#trades.set(id, name);
      this.#drawTrades(heard);
    };
    fill(this.chips, shown.size > 0 && h("p", { class: "muted" }, "是不是这些?点一下选上:"), Array.from(shown, ([id, name]) => button(name, () => press(id, name), { class: "chip", "aria-pressed": String(this.#trades.has(id)) })));
  }

  #checked(n) {
    if (n === 0 && !this.#trades.size) return this.skills.refuse(this.chips.childElementCount ? "请点选下面的工种" : "请写会干什么,如:搬运、保洁");
    if (n === 1 && !(Number(this.pay.value) >= 0 && this.pay.value)) return this.pay.refuse("请填数字,如 20");
    if (n === 2 && !this.name.value) return this.name.refuse("请填姓名");
    if (n === 2 && !/^\d{17}[\dXx]$/.test(this.number.value)) return this.number.refuse("身份证号是18位,请核对");
    this.consentWrong.textContent = n === 2 && !this.agreed.checked ? "同意了才能登记" : "";
    return !this.consentWrong.textContent;
  }

  async #register() {
    const number = this.number.value.toUpperCase();
    const { id, site } = this.#sites.find((each) => each.id === this.site.control.value);
    const profile = {
      site: id, trades: Array.from(this.#trades.keys()), skills: this.skills.value, born: `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`,
      place: { ...site.place, text: site.place.text || site.name }, radius_m: this.#radius, pay: { fen: Math.round(Number(this.pay.value) * 100), unit: "hour" },
    };
    const body = { telephone: this.#telephone, name: this.name.value, id_number: number, consent: this.#consent.version, profile, cookie: true };
    try {
      this.#done(this.#api.entered(await this.#api.post("/v1/login/register", body)));
    } catch (error) {
      if (error.code === "new_consent") {
        this.#consent = null;
        this.agreed.checked = false;
        await this.show(2);
        this.consentWrong.textContent = "同意书刚换了新的,请再看一遍";
      } else this.number.refuse(error.message.replace(/^.*(born|id_number) ?/, ""));
    }
  }
}
